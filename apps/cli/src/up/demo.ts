// `./platte up --demo`: a simulated fleet beside the platform, with rollouts under way, so that a newcomer sees something
// move in the first minute. Three tracks, and a limit on the largest, so that its rollout takes a few minutes.
import { eachItem, makeClient } from '@platte/api-contract';
import { describeProgress, describeSummary, simulate } from '../simulate.js';
import type { RunFile } from './run-file.js';

const fleets = [
  { track: 'stable', instances: 1500, version: '1000.0.0', failureRate: 0.02, seed: 1 },
  { track: 'beta', instances: 300, version: '1000.0.0', failureRate: 0.05, seed: 2 },
  { track: 'alpha', instances: 60, version: '1000.0.0', failureRate: 0.1, seed: 3 },
];
/** 45 minutes of a machine take 4.5 seconds. */
const speed = 600;
/** So that 1,500 machines take about five minutes, long enough to look around. */
const limit = { max: 50, periodMs: 10_000 };
const sayEveryMs = 5000;

/** Runs until every machine is up to date or the signal says stop; says how it goes every few seconds. */
export async function runDemo(
  { urls, token }: RunFile,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await limitStable(urls.api, token);
  say(
    `demo: ${fleets.map(({ instances, track }) => `${instances} machines on ${track}`).join(', ')}; stable takes ${limit.max} per ${limit.periodMs / 1000} s`,
  );
  await Promise.all(fleets.map((fleet) => runFleet(fleet, urls.omaha, say, signal)));
  if (!signal.aborted) say('demo: every machine has arrived; the platform goes on');
}

async function limitStable(api: string, token: string): Promise<void> {
  const client = makeClient({ url: api, token });
  for await (const { id, track, revision } of eachItem(client.listGroups, {})) {
    if (track !== 'stable') continue;
    await client.editGroup({ params: { id }, body: { policy: { rateLimit: limit } }, ifMatch: revision });
  }
}

async function runFleet(
  fleet: (typeof fleets)[number],
  url: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let said = 0;
  const summary = await simulate({
    ...fleet,
    url,
    speed,
    signal,
    onProgress: (progress) => {
      if (progress.elapsedMs - said < sayEveryMs) return;
      said = progress.elapsedMs;
      say(`demo ${fleet.track}: ${describeProgress(progress)}`);
    },
  });
  if (!signal.aborted) say(`demo ${fleet.track}: ${describeSummary(summary).split('\n')[0]!}`);
}
