// `./platte chaos --minutes N --seed S`: exit 0 when every check holds, 1 when one does not; with a control the other way round.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { controls } from './controls.js';
import { renderReport } from './report.js';
import { runChaos } from './run.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    machines: { type: 'string', default: '25' },
    control: { type: 'string' },
    'nats-cluster': { type: 'boolean', default: false },
    output: { type: 'string', short: 'o', default: 'text' },
    keep: { type: 'boolean', default: false },
  },
});
const { control } = values;
if (control !== undefined && !(control in controls)) {
  console.error(`no control is named ${control}; there are: ${Object.keys(controls).join(', ')}`);
  process.exit(2);
}
const [minutes, machines] = [Number(values.minutes), Number(values.machines)];
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!(minutes > 0) || !Number.isSafeInteger(seed) || !(machines >= 1)) {
  console.error('--minutes takes a number above 0, --seed and --machines take whole numbers');
  process.exit(2);
}

const dataDir = await mkdtemp(join(tmpdir(), 'platte-chaos-'));
const say = (line: string): void => console.error(`platte: ${line}`);
const report = await runChaos({
  seed,
  minutes,
  machinesPerGroup: machines,
  dataDir,
  control,
  natsCluster: values['nats-cluster'],
  say,
});
console.log(values.output === 'json' ? JSON.stringify(report, null, 2) : renderReport(report));
if (values.keep || !report.isClean) say(`data and logs are in ${dataDir}`);
else await rm(dataDir, { recursive: true, force: true });

const caught = (controls[control ?? '']?.caughtBy ?? []).filter((name) =>
  report.verdicts.some((verdict) => verdict.name === name && verdict.findings.length > 0),
);
if (control !== undefined) console.log(caught.length > 0 ? 'the control was caught' : 'the control was NOT caught');
process.exit((control === undefined ? report.isClean : caught.length > 0) ? 0 : 1);
