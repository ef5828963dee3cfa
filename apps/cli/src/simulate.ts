// `./platte simulate`: a fleet of machines that behave as update_engine does, against any Omaha URL, with their time compressed.
// Payloads are downloaded in compressed time and never fetched, unless asked.
import { makeMachine } from './simulate/machine.js';
import { makePoster } from './simulate/post.js';
import { runMachines } from './simulate/run.js';
import { makeTally, type SimulationProgress, type SimulationSummary } from './simulate/tally.js';

export { describeProgress, describeSummary } from './simulate/describe.js';
export type { SimulationProgress, SimulationSummary } from './simulate/tally.js';

export interface SimulateOptions {
  /** The Omaha endpoint: `http://127.0.0.1:8000/v1/update/`. */
  url: string;
  instances: number;
  /** How many times faster the machines' clock runs: at 600, 45 minutes take 4.5 seconds. */
  speed: number;
  track?: string;
  /** What every machine runs at first. */
  version?: string;
  arch?: 'amd64' | 'arm64';
  appid?: string;
  /** The same seed makes the same machines (same ids), which lead the same lives if they get the same answers. */
  seed?: number;
  /** Share of attempts that fail: at the download, at the post-install step, or by a rollback. */
  failureRate?: number;
  /** POSTs (and downloads) under way at once. */
  concurrency?: number;
  fetchPayloads?: boolean;
  /** Ends it after so long on this computer's clock; without, it ends when every machine is done. */
  durationMs?: number;
  /** Called once a second. */
  onProgress?: (progress: SimulationProgress) => void;
  signal?: AbortSignal;
}

export const flatcarAppId = '{e96281a6-d1af-4bde-9a0a-97b76e56dc57}';

const progressEveryMs = 1000;

export async function simulate(options: SimulateOptions): Promise<SimulationSummary> {
  const { instances, speed, concurrency = 64, failureRate = 0.01, fetchPayloads = false } = options;
  const fleet = toFleet(options);
  const deadline = options.durationMs === undefined ? undefined : AbortSignal.timeout(options.durationMs);
  const signal = AbortSignal.any([options.signal, deadline].filter((one) => one !== undefined));
  const poster = makePoster(new URL(options.url), concurrency);
  const tally = makeTally(instances);
  const start = performance.now();
  // Machines keep the time of day, so that their clock starts at ours.
  const epoch = Date.now();
  const elapsedMs = () => performance.now() - start;
  const now = () => epoch + elapsedMs() * speed;
  const machines = Array.from({ length: instances }, (_, index) => makeMachine(fleet, index, epoch));
  const takeProgress = () => tally.takeProgress(elapsedMs(), elapsedMs() * speed);
  const ticker = setInterval(() => options.onProgress?.(takeProgress()), progressEveryMs);
  const abort = () => poster.close();
  signal.addEventListener('abort', abort);
  try {
    const run = { machines, poster, tally, speed, concurrency, failureRate, fetchPayloads, signal };
    const ended = await runMachines(run, now);
    const endedBy = ended === 'signal' && deadline?.aborted ? 'duration' : ended;
    return tally.summarise(takeProgress(), machines, endedBy);
  } finally {
    clearInterval(ticker);
    signal.removeEventListener('abort', abort);
    poster.close();
  }
}

function toFleet({ appid, track, version, arch, seed }: SimulateOptions) {
  return {
    appid: appid ?? flatcarAppId,
    track: track ?? 'stable',
    version: version ?? '1000.0.0',
    arch: arch ?? 'amd64',
    seed: seed ?? 1,
  } as const;
}
