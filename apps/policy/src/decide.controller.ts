// Questions of ingress: which of these machines may update. Translated, decided, answered.
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { type Decisions, decideSubject, Question } from '@platte/rollout';
import type { GrantDesk } from './grant-desk.js';

@Controller()
export class DecideController {
  constructor(@Inject('grantDesk') private readonly desk: GrantDesk) {}

  @MessagePattern(decideSubject)
  async decide(@Payload() data: unknown): Promise<Decisions> {
    const question = Question.safeParse(data);
    if (!question.success)
      throw new RpcException(`the question cannot be read: ${question.error.issues[0]?.message ?? 'wrong shape'}`);
    return { decisions: await this.desk.decide(question.data.asked) };
  }
}
