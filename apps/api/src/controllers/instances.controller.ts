import { Controller } from '@nestjs/common';
import { toInstant, type Instance, type InputOf, type OutputOf } from '@platte/api-contract';
import { machineHistory, type MachineState } from '@platte/history';
import { readMachineMarks } from '@platte/state-store';
import { z } from 'zod';
import { visibleApplications, type Caller } from '../http/caller.js';
import { parseCursor, toCursor } from '../http/cursor.js';
import { Operation } from '../http/operation-route.js';
import { ApiProblem } from '../http/problems.js';
import { listInstances } from '../instance-lists.js';
import { allApplications, findMachine } from '../machines.js';
import { ApiParts } from '../parts.js';
import { toAnswerView, toHistoryItem, toInstantOrNull, toSummary } from '../views.js';

const HistoryPosition = z.object({ at: z.number().int(), n: z.number().int() });

@Controller()
export class InstancesController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('listInstances')
  async listInstances({ query }: InputOf<'listInstances'>, caller: Caller): Promise<OutputOf<'listInstances'>> {
    const applications = visibleApplications(caller, query.application) ?? (await allApplications(this.parts.store));
    return listInstances(this.parts, applications, query);
  }

  @Operation('getInstance')
  async getInstance({ params, query }: InputOf<'getInstance'>, caller: Caller): Promise<OutputOf<'getInstance'>> {
    return this.show(await findMachine(this.parts, params.id, query.application, caller));
  }

  @Operation('getInstanceHistory')
  async getInstanceHistory(
    { params, query }: InputOf<'getInstanceHistory'>,
    caller: Caller,
  ): Promise<OutputOf<'getInstanceHistory'>> {
    const before = parseCursor(query.cursor, HistoryPosition);
    const { app, machine } = await findMachine(this.parts, params.id, query.application, caller);
    const { limit, all } = query;
    const { items, next } = await machineHistory(this.parts.history, { app, machine, limit, before, all });
    return { items: items.map(toHistoryItem), next: next && toCursor(next) };
  }

  @Operation('getInstanceAnswer')
  async getInstanceAnswer(
    { params, query }: InputOf<'getInstanceAnswer'>,
    caller: Caller,
  ): Promise<OutputOf<'getInstanceAnswer'>> {
    const { app, machine, group, version, answer } = await findMachine(
      this.parts,
      params.id,
      query.application,
      caller,
    );
    if (!answer)
      throw new ApiProblem('not-found', {
        detail: `The machine ${machine} has never asked for an update: it only pinged or sent events.`,
      });
    return {
      instance: machine,
      application: app,
      group,
      version,
      at: toInstant(answer.at),
      answer: toAnswerView(answer),
    };
  }

  private async show(state: MachineState): Promise<Instance> {
    const { oemVersion, aleph, bootId, track, answer } = state;
    const marks = await readMachineMarks(this.parts.store.pool, state.app, state.machine);
    const { reason: _reason, ...summary } = toSummary(state);
    return {
      ...summary,
      alias: marks.name || summary.alias,
      oemVersion,
      aleph,
      bootId,
      track,
      lease: null,
      answer: answer && { ...toAnswerView(answer), at: toInstant(answer.at) },
      labels: marks.labels,
      held: marks.held,
      forcedUntil: toInstantOrNull(marks.forcedUntil),
    };
  }
}
