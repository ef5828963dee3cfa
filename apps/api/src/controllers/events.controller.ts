import { Readable } from 'node:stream';
import { Controller, StreamableFile } from '@nestjs/common';
import type { InputOf } from '@platte/api-contract';
import { readFactsFill, type NatsConnection } from '@platte/fact-log';
import type { Fact } from '@platte/facts';
import type { Caller } from '../http/caller.js';
import { sees } from '../http/caller.js';
import { Operation } from '../http/operation-route.js';
import { ApiProblem } from '../http/problems.js';
import { toText } from '../event-text.js';
import { makeLiveEvents, parsePlace, type Listener, type LiveEvents, type Place } from '../live-events.js';
import { ApiParts } from '../parts.js';
import { makeStreamPlaces, type StreamPlaces } from '../stream-places.js';

/** Each holds a socket and a queue. */
const listenersMax = 200;
/** Then the client comes back by itself, and proves again who it is. */
const lifetimeMs = 15 * 60_000;
/** How long a token that was revoked, or a role that was taken away, may go on listening. */
const checkEveryMs = 30_000;
/** What is left to say to a reader that does not read is said until then; its socket does not wait for ever. */
const lastWordsMs = 5_000;

@Controller()
export class EventsController {
  private readonly events: LiveEvents;
  private readonly places: StreamPlaces;

  constructor(private readonly parts: ApiParts) {
    const { nats, logPrefix: prefix, log, liveWaitingMax: waitingMax } = parts;
    this.places = makeStreamPlaces({ total: listenersMax, perCaller: parts.streamsPerCaller });
    this.events = makeLiveEvents({ nc: () => nats.live(), prefix, log, waitingMax });
  }

  @Operation('streamEvents')
  async streamEvents({ query, lastEventId }: InputOf<'streamEvents'>, caller: Caller): Promise<StreamableFile> {
    const nc = this.parts.nats.live();
    if (!nc) throw new ApiProblem('stream-unavailable', { detail: 'NATS, which keeps the log, is away.' });
    const give = this.takePlace(caller);
    try {
      const after = readPlace(lastEventId);
      if (after) await this.assertKept(nc, after);
      return this.open({ wants: toWish(query, caller), after }, caller, give);
    } catch (error) {
      give();
      throw error;
    }
  }

  /** @returns what gives the place back */
  private takePlace(caller: Caller): () => void {
    const place = this.places.take(caller.id);
    if (place === 'own-taken')
      throw new ApiProblem('too-many-requests', {
        detail: `You listen ${this.parts.streamsPerCaller} times to this replica already (PLATTE_STREAMS_PER_CALLER).`,
        remedy: 'End a stream that you do not need, or follow more in one.',
      });
    if (place === 'all-taken')
      throw new ApiProblem('stream-unavailable', { detail: `${listenersMax} listen to this replica already.` });
    return place;
  }

  private open(wanted: Pick<Listener, 'wants' | 'after'>, caller: Caller, give: () => void): StreamableFile {
    const { expiresAt } = caller;
    const left = expiresAt === null ? lifetimeMs : Math.max(0, Math.min(lifetimeMs, expiresAt - this.parts.now()));
    const ending = AbortSignal.timeout(left);
    const gone = new AbortController();
    const signal = AbortSignal.any([ending, gone.signal]);
    const onEnd = (): void => void setTimeout(() => stream.destroy(), lastWordsMs).unref();
    ending.addEventListener('abort', onEnd, { once: true });
    const events = this.events.listen({ ...wanted, signal, onEnd });
    const isAllowed = makeCheck(caller, this.parts.now);
    const stream = Readable.from(toText(events, { signal: ending, isAllowed, stop: () => gone.abort() }), {
      objectMode: false,
    });
    stream.once('close', () => {
      gone.abort();
      give();
    });
    return new StreamableFile(stream, { type: 'text/event-stream; charset=utf-8' });
  }

  /** @throws ApiProblem when something between that event and now is not in the log: silence about it would be a lie */
  private async assertKept(nc: NatsConnection, { sequence, stream }: Place): Promise<void> {
    const { firstSequence, lastSequence, createdAt } = await readFactsFill(nc, {
      prefix: this.parts.logPrefix,
    }).catch((cause: unknown) => {
      throw new ApiProblem('stream-unavailable', { detail: 'The log does not answer.' }, { cause });
    });
    const isOther = (stream !== undefined && stream !== createdAt) || sequence > lastSequence;
    if (!isOther && sequence >= firstSequence) return;
    const why = isOther ? 'that event is of another log' : 'what followed may be purged';
    throw new ApiProblem('events-gone', { detail: `The log holds ${firstSequence} to ${lastSequence}: ${why}.` });
  }
}

/** Whether the caller still is who they were when the stream began; asked before each event, and answered from memory mostly. */
function makeCheck(caller: Caller, now: () => number): () => Promise<boolean> {
  let checkedAt = now();
  return async () => {
    if (now() - checkedAt < checkEveryMs || !caller.again) return true;
    checkedAt = now();
    try {
      const seen = await caller.again();
      return String(seen?.applications) === String(caller.applications) && seen?.role === caller.role;
    } catch (error) {
      // A store that is away for a moment is no reason: the next check asks again.
      return !(error instanceof ApiProblem);
    }
  };
}

/** @throws ApiProblem when the id is none of ours: what was missed could not be told */
function readPlace(lastEventId: string | undefined): Place | undefined {
  if (lastEventId === undefined) return undefined;
  const place = parsePlace(lastEventId);
  if (place) return place;
  const detail = 'is not the id of an event of this stream';
  throw new ApiProblem('invalid-request', {
    detail: `Last-Event-ID ${detail}`,
    errors: [{ pointer: 'Last-Event-ID', detail }],
  });
}

function toWish(query: InputOf<'streamEvents'>['query'], caller: Caller): (fact: Fact) => boolean {
  const kinds = query.kinds && new Set(query.kinds.split(','));
  return (fact) =>
    (kinds ? kinds.has(fact.kind) : fact.kind !== 'MachineCheckedIn' && fact.kind !== 'SyncerCheckedIn') &&
    sees(caller, fact.app) &&
    (query.application === undefined || fact.app === query.application) &&
    (query.group === undefined || ('group' in fact && fact.group === query.group)) &&
    (query.instance === undefined || fact.machine === query.instance);
}
