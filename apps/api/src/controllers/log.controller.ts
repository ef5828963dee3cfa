import { Controller } from '@nestjs/common';
import { toInstant, type InputOf, type OutputOf, type ParkedMessage, type RefusedReport } from '@platte/api-contract';
import {
  dropParked,
  listParked,
  readRefused,
  retryParked,
  type NatsConnection,
  type ParkedMessage as Parked,
  type RefusedReport as Refused,
} from '@platte/fact-log';
import { logOperatorChange, type OperatorChange } from '@platte/state-store';
import { z } from 'zod';
import { stopDryRun } from '../commands.js';
import { actorOf, type Caller } from '../http/caller.js';
import { parseCursor, toPage } from '../http/cursor.js';
import { Operation } from '../http/operation-route.js';
import { ApiProblem, notFound } from '../http/problems.js';
import { ApiParts } from '../parts.js';

/** What lies in NATS beside the facts: refused requests and parked messages. */
@Controller()
export class LogController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('listRefusedRequests')
  async listRefused({ query }: InputOf<'listRefusedRequests'>): Promise<OutputOf<'listRefusedRequests'>> {
    const { logPrefix: prefix } = this.parts;
    const reports = await this.ask((nc) => readRefused(nc, { max: query.limit, prefix }));
    return { items: reports.map(toRefused), next: null };
  }

  @Operation('listParkedMessages')
  async listParked({ query }: InputOf<'listParkedMessages'>): Promise<OutputOf<'listParkedMessages'>> {
    const { logPrefix: prefix } = this.parts;
    const afterId = parseCursor(query.cursor, z.number().int().nonnegative()) ?? 0;
    const parked = await this.ask((nc) => listParked(nc, { prefix, afterId, max: query.limit + 1 }));
    return toPage(parked, query.limit, toParked, ({ id }) => id);
  }

  @Operation('retryParkedMessage')
  async retryParked({ params }: InputOf<'retryParkedMessage'>, caller: Caller): Promise<void> {
    await this.settle('ParkedMessageRetried', params.id, caller, retryParked);
  }

  @Operation('dropParkedMessage')
  async dropParked({ params }: InputOf<'dropParkedMessage'>, caller: Caller): Promise<void> {
    await this.settle('ParkedMessageDropped', params.id, caller, dropParked);
  }

  private async settle(
    kind: OperatorChange['kind'],
    id: number,
    caller: Caller,
    act: typeof retryParked,
  ): Promise<void> {
    const { logPrefix: prefix, store, now } = this.parts;
    const [found] = await this.ask((nc) => listParked(nc, { prefix, afterId: id - 1, max: 1 }));
    if (found?.id !== id) throw notFound('parked message', String(id));
    const change = { kind, subject: String(id), before: { ...toParked(found) } };
    stopDryRun(caller, [{ ...change, after: null }]);
    await logOperatorChange(store.pool, { at: now(), actor: actorOf(caller), ...change });
    if (!(await this.ask((nc) => act(nc, id, { prefix })))) throw notFound('parked message', String(id));
  }

  private async ask<T>(question: (nc: NatsConnection) => Promise<T>): Promise<T> {
    const nc = this.parts.nats.live();
    if (!nc) throw new ApiProblem('store-unavailable', { detail: 'NATS is away.' });
    try {
      return await question(nc);
    } catch (cause) {
      throw new ApiProblem('store-unavailable', { detail: 'NATS does not answer.' }, { cause });
    }
  }
}

function toRefused({ at, program, counts, samples }: Refused): RefusedReport {
  return {
    at: toInstant(at),
    program,
    counts,
    samples: samples.map((sample) => ({
      reason: sample.reason,
      at: toInstant(sample.at),
      ip: sample.ip,
      detail: sample.detail,
    })),
  };
}

function toParked({ id, durable, reason, sequence, storedAt, parkedAt, bytes, excerpt }: Parked): ParkedMessage {
  return {
    id,
    consumer: durable,
    reason,
    sequence,
    storedAt: toInstant(storedAt),
    parkedAt: toInstant(parkedAt),
    bytes,
    excerpt,
  };
}
