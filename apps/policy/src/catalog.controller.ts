// Commands of the catalog, from api: translated, executed, answered.
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { type CommandReply, commandSubject } from '@platte/rollout';
import type { RunCommand } from './run-command.js';

@Controller()
export class CatalogController {
  constructor(@Inject('runCommand') private readonly runCommand: RunCommand) {}

  @MessagePattern(commandSubject)
  command(@Payload() data: unknown): Promise<CommandReply> {
    return this.runCommand(data);
  }
}
