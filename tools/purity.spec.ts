// The core is pure because the linter says so; this test tries to cheat, once for each way, and must be caught.
import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

const cheats: Record<string, string> = {
  'a module of Node': `import { readFileSync } from 'node:fs';\nexport const secret = (): string => readFileSync('/dev/null', 'utf8');\n`,
  Nest: `import { Injectable } from '@nestjs/common';\nexport const decorator = Injectable;\n`,
  'a database driver': `import pg from 'pg';\nexport const pool = (): unknown => new pg.Pool();\n`,
  'the NATS client': `import { connect } from '@nats-io/transport-node';\nexport const link = connect;\n`,
  'the clock': `export const now = (): number => Date.now();\n`,
  'a timer': `export const later = (f: () => void): unknown => setTimeout(f, 10);\n`,
  chance: `export const draw = (): number => Math.random();\n`,
  'the environment': `export const home = (): unknown => process.env;\n`,
};

describe('the core', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'platte-purity-'));
    const config = JSON.parse(await readFile(join(root, '.oxlintrc.json'), 'utf8')) as Record<string, unknown>;
    // The boundaries plugin needs the whole workspace; it is not what is tried here.
    delete config['jsPlugins'];
    delete (config['rules'] as Record<string, unknown>)['@nx/enforce-module-boundaries'];
    await writeFile(join(folder, '.oxlintrc.json'), JSON.stringify(config));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  for (const lib of ['omaha', 'rollout', 'fleet', 'facts']) {
    it.each(Object.entries(cheats))(`${lib} cannot reach %s`, async (_, source) => {
      expect(await lint(`libs/${lib}/src/cheat.ts`, source)).toMatch(/Core (is pure|has no|does no)/);
    });
  }

  it('is not suspected where it is innocent', async () => {
    expect(
      await lint('libs/rollout/src/innocent.ts', 'export const twice = (n: number): number => n * 2;\n'),
    ).not.toMatch(/Core/);
  });

  it('cannot reach the clock by a constructor', async () => {
    const file = 'libs/fleet/src/moment.ts';
    await mkdir(join(folder, 'libs/fleet/src'), { recursive: true });
    await writeFile(join(folder, file), 'export const now = (): Date => new Date();\n');
    expect(await run([join(root, 'tools/tidy.ts'), file])).toMatch(/moment.ts:1: core has no clock/);
  });

  async function lint(path: string, source: string): Promise<string> {
    const file = join(folder, path);
    await mkdir(resolve(file, '..'), { recursive: true });
    await writeFile(file, source);
    return run([join(root, 'node_modules/oxlint/bin/oxlint'), path]);
  }

  function run(args: string[]): Promise<string> {
    return new Promise((done) => {
      execFile(process.execPath, args, { cwd: folder }, (_, stdout, stderr) => done(stdout + stderr));
    });
  }
});
