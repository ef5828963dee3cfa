import { Controller } from '@nestjs/common';
import { toInstant, type InputOf, type OutputOf } from '@platte/api-contract';
import { machineHistory } from '@platte/history';
import { z } from 'zod';
import { visibleApplications, type Caller } from '../http/caller.js';
import { parseCursor, toCursor } from '../http/cursor.js';
import { Operation } from '../http/operation-route.js';
import { ApiProblem } from '../http/problems.js';
import { countInstances, listInstances } from '../instance-lists.js';
import {
  allApplications,
  findDecider,
  findMachine,
  findMachineToShow,
  readWithAnswer,
  showMachine,
} from '../machines.js';
import { ApiParts } from '../parts.js';
import { toAnswerView, toHistoryItem } from '../views.js';

const HistoryPosition = z.object({ at: z.number().int().nonnegative(), n: z.number().int().nonnegative() });

@Controller()
export class InstancesController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('listInstances')
  async listInstances({ query }: InputOf<'listInstances'>, caller: Caller): Promise<OutputOf<'listInstances'>> {
    const applications = visibleApplications(caller, query.application) ?? (await allApplications(this.parts.store));
    return listInstances(this.parts, applications, query);
  }

  @Operation('countInstances')
  async countInstances({ query }: InputOf<'countInstances'>, caller: Caller): Promise<OutputOf<'countInstances'>> {
    const applications = visibleApplications(caller, query.application) ?? (await allApplications(this.parts.store));
    return { count: await countInstances(this.parts, applications, query) };
  }

  @Operation('getInstance')
  async getInstance({ params, query }: InputOf<'getInstance'>, caller: Caller): Promise<OutputOf<'getInstance'>> {
    return showMachine(this.parts, await findMachineToShow(this.parts, params.id, query.application, caller));
  }

  @Operation('getInstanceHistory')
  async getInstanceHistory(
    { params, query }: InputOf<'getInstanceHistory'>,
    caller: Caller,
  ): Promise<OutputOf<'getInstanceHistory'>> {
    const before = parseCursor(query.cursor, HistoryPosition);
    const { app, machine } = await findMachine(this.parts, params.id, query.application, caller, readWithAnswer);
    const { limit, all } = query;
    const { items, next } = await machineHistory(this.parts.history, { app, machine, limit, before, all });
    return { items: items.map(toHistoryItem), next: next && toCursor(next) };
  }

  @Operation('getInstanceAnswer')
  async getInstanceAnswer(
    { params, query }: InputOf<'getInstanceAnswer'>,
    caller: Caller,
  ): Promise<OutputOf<'getInstanceAnswer'>> {
    const found = await findMachine(this.parts, params.id, query.application, caller, readWithAnswer);
    const { app, machine, group, version, answer } = found;
    if (!answer)
      throw new ApiProblem('not-found', {
        detail: `The machine ${machine} has never asked for an update: it only pinged or sent events.`,
      });
    const decided = await findDecider(this.parts, found);
    return {
      instance: machine,
      application: app,
      group,
      version,
      at: toInstant(answer.at),
      answer: toAnswerView(answer),
      ...(decided && { decided }),
    };
  }
}
