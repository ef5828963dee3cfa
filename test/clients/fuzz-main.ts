// `./platte fuzz [--seconds N] [--seed N]`: exits 1 when it finds something, and says where it kept it.
import { parseArgs } from 'node:util';
import { fuzz, keepFinding } from './fuzz.js';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '30' }, seed: { type: 'string', default: String(Date.now() >>> 0) } },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
if (!(seconds > 0) || !Number.isInteger(seed)) {
  console.error('platte fuzz: --seconds takes a number above 0, --seed a whole number');
  process.exit(2);
}

console.log(`damaging recorded requests for ${seconds} s, seed ${seed}`);
const result = fuzz({
  seconds,
  seed,
  onCase: (finding) => console.log(`${finding.what}: kept as test/clients/regressions/${keepFinding(finding)}`),
});
console.log(`${result.cases} cases, ${result.findings} findings`);
if (result.findings > 0) process.exitCode = 1;
