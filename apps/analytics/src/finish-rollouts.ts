// Marks rollouts as finished, for people: every minute the machines of each group with a running rollout are counted, and
// when all have its version policy is told. Only the replica that keeps the timelines counts. Nothing hangs on it: two
// replicas that overlap say the same, what was missed is said a round later, and policy refuses what is not so any more.
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection, SnapshotFollower } from '@platte/fact-log';
import { platte } from '@platte/facts';
import { breakdown, type History } from '@platte/history';
import {
  type ApplicationSnapshot,
  CommandReply,
  commandSubject,
  type CommandRequest,
  isFinished,
  type Rollout,
} from '@platte/rollout';
import type { Log } from '@platte/service';

interface Needs {
  nats: NatsConnection;
  history: History;
  catalog: Pick<SnapshotFollower, 'all'>;
  /** Whether this replica is the one that counts. */
  isLeading: () => boolean;
  now: () => number;
  log: Log;
  signal: AbortSignal;
  periodMs: number;
  /** Another one only in tests, which share a server. */
  subject?: string;
}

/** A group whose machines had the version before is not finished at once: people see that their rollout started. */
const ageMsMin = 180_000;
/** As long as a person's command may take. */
const commandTimeoutMs = 5_000;
/** A round over many groups makes the next one later: no more than a tenth of the time is spent on it. */
const restPerWork = 10;

export function startFinishing(needs: Needs): { ended: Promise<void>; finishDue: () => Promise<void> } {
  const { catalog, isLeading, now, log, signal, periodMs } = needs;

  async function finishDue(): Promise<void> {
    if (!isLeading()) return;
    const before = now() - ageMsMin;
    for (const snapshot of catalog.all())
      for (const rollout of runningRollouts(snapshot))
        if (rollout.startedAt <= before && !signal.aborted) await finishIfDone(needs, snapshot, rollout);
  }

  async function keepFinishing(): Promise<void> {
    let restMs = periodMs;
    while (!signal.aborted) {
      await delay(restMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const started = performance.now();
      await finishDue().catch((error: unknown) => {
        if (!signal.aborted)
          log.warn({ err: error }, 'finished rollouts could not be marked: it is tried again at the next round');
      });
      restMs = Math.max(periodMs, (performance.now() - started) * restPerWork);
    }
  }
  return { ended: keepFinishing(), finishDue };
}

/** Of the package that the channel has: no other can finish. */
function runningRollouts({ groups, channels }: ApplicationSnapshot): Rollout[] {
  const packages = new Map(channels.map((channel) => [channel.id, channel.package]));
  return groups.flatMap(({ channel, rollout }) =>
    rollout?.state === 'running' && packages.get(channel ?? '') === rollout.package ? [rollout] : [],
  );
}

async function finishIfDone(needs: Needs, { application }: ApplicationSnapshot, rollout: Rollout): Promise<void> {
  const { history, log, now } = needs;
  const { id, group, toVersion } = rollout;
  const machines = await breakdown(history, { app: application.id, group, now: now() });
  if (!isFinished(machines, rollout, application.versioning)) return;
  const cause = `all ${machines.total} active machines report ${toVersion}`;
  const reply = await ask(needs, {
    actor: platte.name,
    actorKind: platte.kind,
    command: { kind: 'FinishRollout', application: application.id, group, rollout: id, cause },
    dryRun: false,
  });
  switch (reply.status) {
    case 'done':
      log.info({ rollout: id, group, toVersion, machines: machines.total }, 'a rollout is finished');
      return;
    case 'rejected':
      // It changed since this replica's copy of the catalog: the next round sees it as it is.
      log.info({ rollout: id, group, reason: reply.rejection.rejected }, 'a rollout was not marked as finished');
      return;
    case 'failed':
      throw new Error(`policy could not mark rollout ${id} as finished: ${reply.words}`);
    default:
      reply satisfies never;
  }
}

async function ask({ nats, subject = commandSubject }: Needs, request: CommandRequest): Promise<CommandReply> {
  const answer = await nats.request(subject, JSON.stringify(request), { timeout: commandTimeoutMs });
  return CommandReply.parse(answer.json());
}
