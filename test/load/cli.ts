// How long a person waits for the command line to say anything: `./platte --help` from the shell, wrapper and all, against
// `node -e 0`, what no program in Node can be faster than. In turns within one run, warm, the middle of the runs.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../journeys/repository.js';
import { type Bench, median } from './bench.js';

/** Promised are 150 ms on a machine where `node -e 0` takes 20 ms: 7.5 times. */
const ratioMax = 7.5;

const contestants = {
  wrapper: () => execFileSync(join(repositoryRoot(), 'platte'), ['--help'], { stdio: 'ignore' }),
  bundle: () =>
    execFileSync(process.execPath, [join(repositoryRoot(), 'apps/cli/dist/platte.mjs'), '--help'], { stdio: 'ignore' }),
  node: () => execFileSync(process.execPath, ['-e', '0'], { stdio: 'ignore' }),
};
type Name = keyof typeof contestants;

export const cliBench: Bench = {
  name: 'cli',
  about: '`./platte --help` and the bundle alone, against `node -e 0`',
  async measure({ quick, say }) {
    const rounds = quick ? 5 : 21;
    say(`${rounds} rounds of three`);
    const times: Record<Name, number[]> = { wrapper: [], bundle: [], node: [] };
    // The first round fills caches.
    for (let round = -1; round < rounds; round++) {
      for (const name of Object.keys(contestants) as Name[]) {
        const begun = performance.now();
        contestants[name]();
        if (round >= 0) times[name].push(performance.now() - begun);
      }
    }
    const baseline = median(times.node);
    return (['wrapper', 'bundle'] as const).map((name) => {
      const figure = median(times[name]);
      const ratio = figure / baseline;
      const what = name === 'wrapper' ? './platte --help' : 'node platte.mjs --help';
      return { name: what, figure, unit: 'ms', baseline, ratio, goal: `<= ${ratioMax} times`, met: ratio <= ratioMax };
    });
  },
};
