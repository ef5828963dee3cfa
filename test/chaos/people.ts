// A person who pauses, resumes and switches while all this goes on, through the API, and remembers what was acknowledged when.
import { ApiError, type Client, makeClient } from '@platte/api-contract';
import { setTimeout as delay } from 'node:timers/promises';
import { makeGroup, type MadeGroup, makePackage } from '../journeys/catalog.js';

type Policy = NonNullable<Parameters<typeof makeGroup>[2]>;

export interface Group extends MadeGroup {
  policy: Policy;
  /** Every version that its channel ever had. */
  versions: Set<string>;
}

/** When a group was stopped for sure. `performance.now()`; `until` is when the first try to resume began. */
export interface Stop {
  group: number;
  what: 'group' | 'rollout';
  from: number;
  until: number;
}

export interface People {
  groups: Group[];
  stops: Stop[];
  /** Resolves when it is resumed again. */
  pause(group: number, what: 'group' | 'rollout', forMs: number): Promise<void>;
  switchPackage(group: number): Promise<void>;
  /** What was refused or failed, by its words: a person would see it. */
  refusals: Map<string, number>;
}

const tryEveryMs = 300;
/** Longer than any fault lasts. */
const triesMax = 200;
const answerWithinMs = 5_000;

export async function makePeople(api: { url: string; token: string }, policies: readonly Policy[]): Promise<People> {
  const client = makeClient({ ...api, timeoutMs: answerWithinMs });
  const refusals = new Map<string, number>();
  const groups: Group[] = [];
  for (const [index, policy] of policies.entries()) {
    const group = await makeGroup(client, `chaos-${index + 1}`, policy);
    groups.push({ ...group, policy, versions: new Set([group.version]) });
  }
  const stops: Stop[] = [];
  const busy = new Set<number>();
  let made = 0;

  /** Until it is done, or another rule of the catalog says no. */
  async function insist<T>(work: () => Promise<T>): Promise<T | null> {
    for (let tries = 1; ; tries++) {
      try {
        return await work();
      } catch (error) {
        note(refusals, error);
        if (tries === triesMax || isRefusal(error)) return null;
        await delay(tryEveryMs);
      }
    }
  }
  /** One thing at a time for a group: two persons at once would make "paused since" a guess. */
  async function alone(group: number, work: (group: Group) => Promise<void>): Promise<void> {
    if (busy.has(group)) return;
    busy.add(group);
    await work(groups[group]!).finally(() => busy.delete(group));
  }

  return {
    groups,
    stops,
    refusals,
    pause: (number, what, forMs) =>
      alone(number, async (group) => {
        const commands = await commandsOf(client, group, what, insist);
        if (commands === null) return;
        const isStopped = (await insist(commands.stop)) !== null;
        const stop: Stop = { group: number, what, from: performance.now(), until: Number.POSITIVE_INFINITY };
        // A refusal may be of the second try of a command that was done at the first: it is resumed all the same.
        if (isStopped) stops.push(stop);
        await delay(forMs);
        stop.until = performance.now();
        await insist(commands.resume);
      }),
    switchPackage: (number) =>
      alone(number, async (group) => {
        const version = `3000.${++made}.0`;
        const pack = await insist(() => makePackage(client, version));
        if (pack === null) return;
        group.versions.add(version);
        await insist(async () => {
          const params = { id: group.channel };
          const { revision } = await client.getChannel({ params });
          return client.editChannel({ params, ifMatch: revision, body: { package: pack } });
        });
      }),
  };
}

async function commandsOf(
  client: Client,
  { id }: Group,
  what: 'group' | 'rollout',
  insist: <T>(work: () => Promise<T>) => Promise<T | null>,
): Promise<{ stop: () => Promise<unknown>; resume: () => Promise<unknown> } | null> {
  const body = { note: 'chaos' };
  if (what === 'group') {
    const params = { id };
    return { stop: () => client.pauseGroup({ params, body }), resume: () => client.resumeGroup({ params, body }) };
  }
  const rollout = (await insist(() => client.getGroup({ params: { id } })))?.rollout;
  if (!rollout) return null;
  const params = { id: rollout.id };
  return { stop: () => client.pauseRollout({ params, body }), resume: () => client.resumeRollout({ params, body }) };
}

/** Trying again mends neither a rule of the catalog nor a command that is done already. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { status } = error.problem;
  return status >= 400 && status < 500 && !mayChange.has(status);
}

/** A time-out, somebody else's edit in between, too many at once. */
const mayChange = new Set([408, 412, 429]);

function note(refusals: Map<string, number>, error: unknown): void {
  const words =
    error instanceof ApiError ? `${error.problem.status} ${error.message}` : error instanceof Error ? error.name : '?';
  refusals.set(words, (refusals.get(words) ?? 0) + 1);
}
