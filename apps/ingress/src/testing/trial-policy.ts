// Policy's place on the wire, taken by a real Nest microservice that decides as it is told: the question's format is Nest's.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, type MicroserviceOptions, Payload, Transport } from '@nestjs/microservices';
import { type AskedMachine, type Decision, type Decisions, decideSubject, Question } from '@platte/rollout';

export interface TrialPolicy {
  asked: AskedMachine[];
  stop: () => Promise<void>;
}

export async function startTrialPolicy(
  natsUrl: string,
  decide: (machine: AskedMachine) => Decision,
): Promise<TrialPolicy> {
  const asked: AskedMachine[] = [];

  @Controller()
  class PolicyController {
    @MessagePattern(decideSubject)
    decide(@Payload() question: unknown): Decisions {
      const machines = Question.parse(question).asked;
      asked.push(...machines);
      return { decisions: machines.map(decide) };
    }
  }

  @Module({ controllers: [PolicyController] })
  class PolicyModule {}
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(PolicyModule, {
    transport: Transport.NATS,
    options: { servers: [natsUrl], queue: 'policy' },
    logger: false,
  });
  await app.listen();
  return { asked, stop: () => app.close() };
}
