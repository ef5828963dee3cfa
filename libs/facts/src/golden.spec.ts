// Files of every version of every fact that was ever written, as they stand in somebody's log. They are only ever added.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { decodeBatch, encodeBatch, Fact, factVersions } from './facts.js';

const folder = join(import.meta.dirname, '..', 'golden');
const files = readdirSync(folder).map((name) => {
  const [kind = '', version = ''] = name.split('.');
  return { name, kind, version: Number(version.slice(1)), bytes: readFileSync(join(folder, name)) };
});

describe('golden facts', () => {
  it('exist for every kind and every version that it ever had', () => {
    const expected = [...factVersions].flatMap(([kind, newest]) =>
      Array.from({ length: newest }, (_, index) => `${kind}.v${index + 1}.json`),
    );
    expect(files.map(({ name }) => name).toSorted()).toEqual(expected.toSorted());
  });

  it.each(files)('of $name are read today, whole and valid', ({ kind, version, bytes }) => {
    const written = z
      .array(z.looseObject({ app: z.string(), machine: z.string(), at: z.number(), n: z.number() }))
      .parse(JSON.parse(bytes.toString('utf8')));
    for (const fact of written) expect(fact).toMatchObject({ kind, v: version });
    const { facts, unknown } = decodeBatch(bytes);
    expect(unknown).toEqual([]);
    expect(facts.map((fact) => Fact.parse(fact))).toEqual(facts);
    expect(facts.map(toIdentity)).toEqual(written.map(toIdentity));
  });

  it.each(files.filter(({ kind, version }) => factVersions.get(kind) === version))(
    'of $name are written today as they were',
    ({ bytes }) => {
      const written = z.array(z.unknown()).parse(JSON.parse(bytes.toString('utf8')));
      const again = encodeBatch(decodeBatch(bytes).facts);
      const lines = written.map((fact) => JSON.stringify(fact)).join(',\n');
      expect(new TextDecoder().decode(again)).toBe(`[${lines}]`);
    },
  );
});

function toIdentity({ app, machine, at, n }: { app: string; machine: string; at: number; n: number }) {
  return { app, machine, at, n };
}
