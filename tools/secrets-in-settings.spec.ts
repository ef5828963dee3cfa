// No program logs or prints a password that somebody put into the URL of a setting: neither at its start, which describes the
// settings, nor when it refuses one.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeConfig, parseConfig } from '../libs/service/src/config.js';

type Schema = Parameters<typeof describeConfig>[0];

const secret = 's3cret-word';
const apps = join(import.meta.dirname, '../apps');
/** Those that have settings. */
const programs = readdirSync(apps).filter((name) => readdirSync(join(apps, name, 'src')).includes('config.ts'));

const schemes = ['nats', 'tls', 'postgres', 'postgresql', 'http', 'https'];
const values = schemes.flatMap((scheme) => [
  `${scheme}://bob:${secret}@127.0.0.1:1`,
  `${scheme}://${secret}@127.0.0.1:1`,
  `${scheme}://bob:${secret}@127.0.0.1:1,${scheme}://bob:${secret}@127.0.0.2:1`,
  `${scheme}://bob:${secret}/with?signs@127.0.0.1:1`,
  `${scheme}://127.0.0.1:1/platte?user=bob&password=${secret}`,
  `${scheme}x://bob:${secret}@127.0.0.1:1`,
]);
const withoutScheme = [`bob:${secret}@127.0.0.1:1`];

const required = {
  PLATTE_NATS_URL: 'nats://127.0.0.1:1',
  PLATTE_POSTGRES_URL: 'postgres://127.0.0.1:1/platte',
  PLATTE_CLICKHOUSE_URL: 'http://127.0.0.1:1',
};
const toVariable = (key: string) => `PLATTE_${key.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`;

/** All that the program says of its settings. */
function say(schema: Schema, env: Record<string, string>): string {
  const parsed = parseConfig(schema, env);
  return parsed.status === 'good' ? JSON.stringify(describeConfig(schema, parsed.config)) : parsed.problems.join('\n');
}

describe.each(programs)('%s', (program) => {
  it('shows no password of a URL, whichever setting it stands in', async () => {
    const { Config } = (await import(join(apps, program, 'src/config.ts'))) as { Config: Schema };
    const shown = Object.keys(Config.shape).flatMap((key) =>
      [...values, ...withoutScheme]
        .map((value) => ({ key, value, said: say(Config, { ...required, [toVariable(key)]: value }) }))
        .filter(({ said }) => said.includes(secret)),
    );
    expect(shown).toEqual([]);
  });
});
