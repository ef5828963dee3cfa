// How far back one can go, as /readyz says it, with a log that is purged.
import { logNames } from '@platte/fact-log';
import { makeHealth } from '@platte/service';
import { expect, test, vi } from 'vitest';
import { checkIns, makeProgram } from '../test/program.js';
import { watchReach } from './reach.js';

/** For a machine that is busy with other tests. */
const patience = { timeout: 30_000, interval: 20 };

test('follows the log and the archive', async () => {
  const program = await makeProgram();
  const [health, stop] = [makeHealth(), new AbortController()];
  const { nats, history, prefix } = program;
  const watch = watchReach({ nats, history, health, signal: stop.signal, periodMs: 20, prefix });
  const reach = () => health.report().dependencies.find(({ name }) => name === 'replayable');
  const becomes = (state: string, words: string) =>
    vi.waitFor(
      () => expect(reach()).toMatchObject({ state, detail: expect.stringContaining(words) as string }),
      patience,
    );
  try {
    await becomes('up', 'everything');
    await program.append(checkIns(3, '1.0.0'));
    await becomes('up', 'from the log alone, which begins');
    await nats.request(`$JS.API.STREAM.PURGE.${logNames(prefix).facts.stream}`);
    await becomes('warning', 'has number 2; the archive is empty');
    await program.append(checkIns(3, '2.0.0'));
    await program.startReplica();
    await becomes('up', 'before it from the archive since');
  } finally {
    stop.abort();
    await watch.ended;
    await program.end();
  }
});
