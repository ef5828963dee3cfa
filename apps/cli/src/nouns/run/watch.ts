// `platte watch`: facts as they happen. It reconnects by itself; each line is one fact.
import { watchEvents, type WatchedEvent } from '@platte/api-contract';
import { option, type Call } from '../call.js';
import { withoutControls } from '../print/width.js';
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
    onState: ({ isOpen, cause }) => call.io.say(isOpen ? 'Watching; Ctrl-C ends it.' : `The stream is away: ${cause ?? 'it ended'}. Trying again.`),
  });
  for await (const event of events) {
    call.io.out(call.options['output'] === 'json' ? JSON.stringify(event) : describeEvent(event, names));
    if (--left <= 0) aborter.abort();
  }
}

interface Words {
  time?: number;
  machine?: string;
  group?: string | null;
  actor?: string;
}

/** When, what, where and by whom; and then whatever else the fact says that fits a line. */
function describeEvent({ kind, data }: WatchedEvent, names: (id: string | null) => string): string {
  const { time, machine, group, actor, ...rest } = data as Words & Record<string, unknown>;
  const parts = [
    time === undefined ? '' : new Date(time).toISOString(),
    kind.padEnd(18),
    machine ?? '',
    group ? `group ${names(group)}` : '',
    actor ? `by ${actor}` : '',
    describeRest(rest),
  ];
  return withoutControls(parts.filter((part) => part !== '').join('  '));
}

/** Fields that people do not read in a line of a log. */
const hidden = new Set(['n', 'v', 'kind', 'application', 'salt', 'bootId', 'revision']);

function describeRest(rest: Record<string, unknown>): string {
  return Object.entries(rest)
    .filter(([name, value]) => !hidden.has(name) && ['string', 'number', 'boolean'].includes(typeof value) && value !== '')
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
}
