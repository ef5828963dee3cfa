// The parts of policy for a test: a database and names in NATS of its own, real servers, no Nest.
import { randomBytes } from 'node:crypto';
import { connectNats, ensureStreams, logNames } from '@platte/fact-log';
import { makePositions } from '@platte/facts';
import { makeClock, makeHealth, makeLog, makeMetrics, type Stopper, watchClockDifference } from '@platte/service';
import { closeStore, type FreshDatabase, makeFreshDatabase, openStore } from '@platte/state-store';
import { inject } from 'vitest';
import { Config } from '../src/config.js';
import type { Parts } from '../src/parts.js';

export interface TestProgram extends Parts {
  prefix: string;
  database: FreshDatabase;
  /** Another replica: its own connections, on the same database and names. */
  another: () => Promise<TestProgram>;
  end: () => Promise<void>;
}

export async function makeProgram(settings: Record<string, string> = {}): Promise<TestProgram> {
  const database = await makeFreshDatabase(inject('postgresUrl'));
  const prefix = `policy-${randomBytes(4).toString('hex')}`;
  const names = logNames(prefix);
  const streams = [names.facts.stream, names.refused.stream, names.parked.stream, `KV_${names.bucket}`];
  const replicas: (() => Promise<void>)[] = [];

  async function open(draw: number): Promise<TestProgram> {
    const config = Config.parse({ postgresUrl: database.url, natsUrl: inject('natsUrl'), ...settings });
    const nats = await connectNats({ url: inject('natsUrl'), name: 'policy-test', say: () => {} });
    await ensureStreams(nats, { replicas: 1, factsBytesMax: 2 ** 20, prefix });
    const store = openStore({ url: database.url });
    const { stopper, stop } = makeTestStopper();
    replicas.push(async () => {
      await stop();
      await Promise.all(streams.map((stream) => nats.request(`$JS.API.STREAM.DELETE.${stream}`)));
      await nats.close();
      await closeStore(store);
    });
    const log = makeLog({ program: 'policy', level: 'silent' });
    const chassis = { clock: makeClock(), health: makeHealth(), metrics: makeMetrics({ program: 'policy' }) };
    const end = async (): Promise<void> => {
      await Promise.all(replicas.map((stop) => stop()));
      await database.drop();
    };
    const storeClock = watchClockDifference('PostgreSQL', { log, ...chassis });
    const parts = {
      config,
      log,
      ...chassis,
      stopper,
      store,
      storeClock,
      nats,
      nextPosition: makePositions(draw),
      prefix,
      database,
    };
    return { ...parts, another: () => open(draw + 1), end };
  }
  return open(1);
}

/** Ends nothing but what was opened: the process is the test runner's. */
function makeTestStopper(): { stopper: Stopper; stop: () => Promise<void> } {
  const steps: (() => Promise<void> | void)[] = [];
  const aborter = new AbortController();
  const stop = async (): Promise<void> => {
    aborter.abort();
    for (const step of steps.toReversed()) await step();
  };
  return { stopper: { add: (_, step) => void steps.push(step), stop, signal: aborter.signal }, stop };
}
