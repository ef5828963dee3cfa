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
  /** Ends it after so long on this computer's clock; without, it ends when every machine is done or the patience is. */
  durationMs?: number;
  /**
   * Ends it when for so long no machine moved and all that are left are on hold: the server's clock is not compressed, and
   * what waits an hour there would wait for weeks on the machines' clocks. 0 waits for ever.
   */
  patienceMs?: number;
  /** Called once a second. */
  onProgress?: (progress: SimulationProgress) => void;
  signal?: AbortSignal;
}

export const flatcarAppId = '{e96281a6-d1af-4bde-9a0a-97b76e56dc57}';

const progressEveryMs = 1000;
const patienceMsDefault = 60_000;

export async function simulate(options: SimulateOptions): Promise<SimulationSummary> {
  const { instances, speed, concurrency = 64, failureRate = 0.01, fetchPayloads = false } = options;
  const fleet = toFleet(options);
  const deadline = options.durationMs === undefined ? undefined : AbortSignal.timeout(options.durationMs);
  const patience = makePatience(options.patienceMs ?? patienceMsDefault);
  const signal = AbortSignal.any([options.signal, deadline, patience.signal].filter((one) => one !== undefined));
  const poster = makePoster(new URL(options.url), concurrency);
  const tally = makeTally(instances);
  const start = performance.now();
  // Machines keep the time of day, so that their clock starts at ours.
  const epoch = Date.now();
  const elapsedMs = () => performance.now() - start;
  const now = () => epoch + elapsedMs() * speed;
  const machines = Array.from({ length: instances }, (_, index) => makeMachine(fleet, index, epoch));
  const takeProgress = () => tally.takeProgress(elapsedMs(), elapsedMs() * speed);
  const ticker = setInterval(() => {
    const progress = takeProgress();
    patience.watch(progress);
    options.onProgress?.(progress);
  }, progressEveryMs);
  const toEnding = (ended: 'everybody-done' | 'signal') => {
    if (ended === 'everybody-done') return ended;
    if (deadline?.aborted) return 'duration';
    return patience.signal.aborted ? 'all-held' : ended;
  };
  const abort = () => poster.close();
  signal.addEventListener('abort', abort);
  try {
    const run = { machines, poster, tally, speed, concurrency, failureRate, fetchPayloads, signal };
    const ended = await runMachines(run, now);
    return tally.summarise(takeProgress(), machines, toEnding(ended));
  } finally {
    clearInterval(ticker);
    signal.removeEventListener('abort', abort);
    poster.close();
  }
}

/** Loses patience when nothing moved for so long: no machine is on its way, and none has arrived. */
function makePatience(patienceMs: number) {
  const aborter = new AbortController();
  let done = -1;
  let movedAt = 0;
  return {
    signal: aborter.signal,
    watch({ phases, elapsedMs }: SimulationProgress): void {
      const onTheWay = phases.granted + phases.downloading + phases.installing + phases['awaiting-reboot'];
      if (onTheWay > 0 || phases.done !== done) movedAt = elapsedMs;
      done = phases.done;
      if (patienceMs > 0 && elapsedMs - movedAt > patienceMs) aborter.abort();
    },
  };
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
