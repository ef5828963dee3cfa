// docs/reference/metrics.md against what the programs of a running platform expose: no metric is missing there, and none is told of that
// does not exist. Series come into being with what they count, so that the platform is used a little first.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeGroup, untilServed } from './catalog.js';
import { askUntilDecided } from './machines.js';
import { type Platform, startPlatform } from './platform.js';
import { repositoryRoot } from './repository.js';

interface Metric {
  name: string;
  type: string;
  /** In alphabetical order. */
  labels: string[];
}

const programs = ['ingress', 'policy', 'analytics', 'api'] as const;
const document = readFileSync(join(repositoryRoot(), 'docs/reference/metrics.md'), 'utf8');
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
  const group = await makeGroup(platform.client, 'counted');
  await untilServed((await platform.run()).urls.omaha, group);
  await askUntilDecided((await platform.run()).urls.omaha, { machine: 'counted-1', track: group.track });
});
afterAll(() => platform?.stop());

describe.each(programs)('the page on metrics, of %s', (program) => {
  it('names those that it exposes, with their types', async () => {
    const exposed = (await scrape(program)).filter(({ name }) => name.startsWith('platte_'));
    expect(exposed.length).toBeGreaterThan(0);
    expect(documented(program).map(toNameAndType)).toEqual(exposed.map(toNameAndType));
  });

  it('names the labels of each that has a series', async () => {
    const exposed = (await scrape(program)).filter(
      ({ name, labels }) => name.startsWith('platte_') && labels.length > 0,
    );
    const named = documented(program).filter(({ name }) => exposed.some((metric) => metric.name === name));
    expect(named).toEqual(exposed);
  });

  it('tells of a kind for each metric that is not ours', async () => {
    const others = (await scrape(program)).filter(({ name }) => !name.startsWith('platte_'));
    expect(others.map(({ name }) => name)).toContain('nodejs_eventloop_lag_p99_seconds');
    expect(others.filter(({ name }) => !/^(process|nodejs)_/.test(name))).toEqual([]);
  });
});

it('the page on metrics says of each what it means, and when to worry', () => {
  for (const cells of rowsOf(document)) {
    expect(cells).toHaveLength(5);
    for (const words of [cells[3]!, cells[4]!]) expect(words.length).toBeGreaterThan(4);
  }
});

const toNameAndType = ({ name, type }: Metric): string => `${name} ${type}`;

const byName = (metrics: Metric[]): Metric[] => metrics.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** The rows of the program's table. */
function documented(program: string): Metric[] {
  const section = document.split(/^## /m).find((text) => text.startsWith(`${program}\n`)) ?? '';
  return byName(
    rowsOf(section).map(([name = '', type = '', labels = '']) => ({
      name: name.replaceAll('`', ''),
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label!).toSorted(),
    })),
  );
}

function rowsOf(text: string): string[][] {
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

async function scrape(program: string): Promise<Metric[]> {
  const run = await platform.run();
  const url = run.programs[program]!.urls['internal']!;
  const lines = (await (await fetch(new URL('/metrics', url))).text()).split('\n');
  const types = lines.flatMap((line) => /^# TYPE (\S+) (\w+)$/.exec(line)?.slice(1, 3) ?? []);
  const metrics = Array.from({ length: types.length / 2 }, (_, index) => ({
    name: types[index * 2]!,
    type: types[index * 2 + 1]!,
  }));
  return byName(metrics.map((metric) => ({ ...metric, labels: labelsOf(metric.name, lines) })));
}

/** Of all its series, without those that every series has: the program, and a bucket's bound. */
function labelsOf(name: string, lines: readonly string[]): string[] {
  const series = lines.filter(
    (line) => /^\w+/.exec(line)?.[0].replace(/_(bucket|sum|count)$/, '') === name.replace(/_count$/, ''),
  );
  const labels = series.flatMap((line) => [...line.matchAll(/[{,](\w+)="/g)].map(([, label]) => label!));
  return [...new Set(labels)].filter((label) => label !== 'program' && label !== 'le').toSorted();
}
