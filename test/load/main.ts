// `./platte bench [NAME…] [--list] [--only SECTION,…] [--check] [--quick] [--minutes N] [--instances N] [--data DIR]`: runs the
// measurements, each against its baseline in the same run.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Bench, type BenchRow, renderTable } from './bench.js';
import { refuseSections, renderBenches } from './sections.js';

/** Loaded only when asked for: a bench may need servers and big libraries. */
const benches: Record<string, () => Promise<Bench>> = {
  cli: () => import('./cli.js').then(({ cliBench }) => cliBench),
  path: () => import('./path.js').then(({ pathBench }) => pathBench),
  waiting: () => import('./waiting.js').then(({ waitingBench }) => waitingBench),
  ingress: () => import('./ingress.js').then(({ ingressBench }) => ingressBench),
  transport: () => import('./transport.js').then(({ transportBench }) => transportBench),
  cluster: () => import('./cluster.js').then(({ clusterBench }) => clusterBench),
  policy: () => import('./policy.js').then(({ policyBench }) => policyBench),
  history: () => import('./history.js').then(({ historyBench }) => historyBench),
  memory: () => import('./memory.js').then(({ memoryBench }) => memoryBench),
  parse: () => import('./parse.js').then(({ parseBench }) => parseBench),
};

/** Only when named: `memory` takes ten minutes, `ingress` measures the waiting fleet, too, and `cluster` needs three servers. */
const onlyNamed = new Set(['memory', 'waiting', 'cluster']);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean', default: false },
    only: { type: 'string' },
    minutes: { type: 'string' },
    check: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    instances: { type: 'string' },
    data: { type: 'string' },
    out: { type: 'string', default: 'bench-results' },
  },
});

const unknown = positionals.filter((name) => !(name in benches));
if (unknown.length > 0) refuse(`no bench named ${unknown.join(', ')}; there are: ${Object.keys(benches).join(', ')}`);

const everything = values.list || values.only !== undefined ? Object.keys(benches) : withoutOnlyNamed();
const chosen = await Promise.all((positionals.length > 0 ? positionals : everything).map((name) => benches[name]!()));
if (values.list) {
  console.log(renderBenches(chosen));
  process.exit(0);
}
const only = values.only?.split(',').map((name) => name.trim());
const refusal = only && refuseSections(chosen, only);
if (refusal !== undefined) refuse(refusal);
const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
if (minutes !== undefined && !(minutes > 0)) refuse(`--minutes takes a number above 0, not ${values.minutes}`);

// So that what is to be done at the end is done then, too.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const measured: Record<string, BenchRow[]> = {};
for (const bench of only
  ? chosen.filter(({ sections }) => sections?.some(({ name }) => only.includes(name)))
  : chosen) {
  console.error(`\n${bench.name}: ${bench.about}`);
  const rows = await bench.measure({
    quick: values.quick,
    only,
    minutes,
    instances: values.instances ? Number(values.instances) : undefined,
    dataDir: values.data,
    say: (line) => console.error(`  ${line}`),
  });
  measured[bench.name] = rows;
  console.log(`\n${bench.name}\n${renderTable(rows)}`);
}

await mkdir(values.out, { recursive: true });
const file = join(values.out, `bench-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`);
await writeFile(
  file,
  `${JSON.stringify({ node: process.version, quick: values.quick, benches: measured }, null, 2)}\n`,
);

const judged = Object.values(measured)
  .flat()
  .filter((row) => row.met !== undefined);
const missed = judged.filter((row) => !row.met);
console.log(`\nwritten to ${file}`);
for (const row of missed) console.log(`missed: ${row.name} (goal ${row.goal ?? ''})`);
console.log(`${judged.length - missed.length} goals met, ${missed.length} missed`);
if (values.check && missed.length > 0) process.exit(1);

function withoutOnlyNamed(): string[] {
  return Object.keys(benches).filter((name) => !onlyNamed.has(name));
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}
