// Answers a dry run: what policy decided and did not do, and how many machines it concerns. By a filter, as a dry run leaves
// the controller in the middle: what would follow reads what the command changed, and it changed nothing.
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Plan } from '@platte/api-contract';
import { breakdown } from '@platte/history';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DryRunDone, type DryRunPlan } from '../commands.js';
import type { ApiParts } from '../parts.js';
import { sendProblem } from './problem-filter.js';

/** Groups that are counted at a time: each is a question to history. */
const countedAtOnce = 8;

@Catch(DryRunDone)
export class DryRunFilter implements ExceptionFilter<DryRunDone> {
  constructor(private readonly parts: ApiParts) {}

  catch({ plan }: DryRunDone, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    toAnswer(this.parts, plan).then(
      (answer) => reply.status(200).type('application/json; charset=utf-8').send(JSON.stringify(answer)),
      (error: unknown) => sendProblem(this.parts.log, error, http.getRequest<FastifyRequest>(), reply),
    );
  }
}

async function toAnswer(parts: ApiParts, plan: DryRunPlan): Promise<Plan> {
  const { changes, omitted } = plan;
  return { changes: changes.map(toChange), omitted, machines: await countConcerned(parts, plan) };
}

function toChange({ kind, application, group, subject, cause, before, after }: DryRunPlan['changes'][number]) {
  return { kind, application, group, subject, note: cause, before, after };
}

/** Null while history does not answer: a plan is worth reading without it. */
async function countConcerned(parts: ApiParts, { changes, groups, machines }: DryRunPlan): Promise<number | null> {
  const app = changes[0]?.application;
  if (typeof app !== 'string') return 0;
  let count = machines.length;
  try {
    for (let i = 0; i < groups.length; i += countedAtOnce)
      for (const { total } of await Promise.all(groups.slice(i, i + countedAtOnce).map(countGroup))) count += total;
    return count;
  } catch (error) {
    parts.log.warn({ err: error }, 'history does not answer: a plan does not say how many machines it concerns');
    return null;
  }

  function countGroup(group: string) {
    return breakdown(parts.history, { app: String(app), group, now: parts.now() });
  }
}
