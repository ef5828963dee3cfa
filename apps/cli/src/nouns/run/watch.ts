// `platte watch`: facts as they happen. It reconnects by itself; each line is one fact.
import { watchEvents, type WatchedEvent } from '@platte/api-contract';
import { type ActorKind, describeActor, toActor } from '@platte/facts';
import { option, type Call } from '../call.js';
import { withoutHidden } from '@platte/rollout';
import { findGivenApplication, findGroup } from '../resolve.js';
import { groupNames } from './names.js';

export async function watch(call: Call): Promise<void> {
  const [group, machine, kinds, after] = ['group', 'machine', 'kinds', 'after'].map((name) => option(call, name));
  const query = {
    ...(await findGivenApplication(call)),
    ...(group !== undefined && { group: await findGroup(call, group) }),
    ...(machine !== undefined && { instance: machine }),
    ...(kinds !== undefined && { kinds }),
  };
  const names = await groupNames(call);
  const aborter = new AbortController();
  process.once('SIGINT', () => aborter.abort());
  let left = Number(call.options['count'] ?? Number.POSITIVE_INFINITY);
  const events = watchEvents(call.open().connection, {
    query,
    ...(after !== undefined && { after }),
    signal: aborter.signal,
    onState: ({ isOpen, cause }) =>
      call.io.say(isOpen ? 'Watching; Ctrl-C ends it.' : `The stream is away: ${cause ?? 'it ended'}. Trying again.`),
  });
  for await (const event of events) {
    call.io.out(call.options['output'] === 'json' ? JSON.stringify(event) : describeEvent(event, names));
    if (--left <= 0) aborter.abort();
  }
}

/** The fields of facts that a line shows by themselves. */
interface Words {
  at?: number;
  machine?: string;
  group?: string | null;
  actor?: string;
  actorKind?: ActorKind;
  version?: string;
  answer?: { reason: string };
  toVersion?: string;
  outcome?: string;
  type?: number;
  result?: number;
  errorCode?: string;
  cause?: string;
}

/** When, what, where, by whom and why. The whole fact is in `-o json`. */
export function describeEvent({ kind, data }: WatchedEvent, names: (id: string | null) => string): string {
  const fact = data as Words;
  const parts = [
    fact.at === undefined ? '' : new Date(fact.at).toISOString(),
    kind.padEnd(kindWidth),
    fact.machine ?? '',
    fact.group ? names(fact.group) : '',
    fact.version ?? '',
    fact.toVersion ? `-> ${fact.toVersion}` : '',
    fact.type === undefined
      ? ''
      : `event ${fact.type}/${fact.result}${fact.errorCode ? ` error ${fact.errorCode}` : ''}`,
    fact.answer ? fact.answer.reason : '',
    fact.outcome ?? '',
    fact.actor ? `by ${describeActor(toActor(fact.actor, fact.actorKind))}` : '',
    fact.cause ?? '',
  ];
  return withoutHidden(parts.filter((part) => part !== '').join('  '));
}

/** Of the longest that is common. */
const kindWidth = 16;
