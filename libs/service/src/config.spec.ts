import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  byteSize,
  checkNatsSettings,
  choice,
  count,
  describeConfig,
  duration,
  file,
  flag,
  list,
  natsSettings,
  parseConfig,
  port,
  secret,
  text,
  url,
  urls,
} from './service.js';

const schema = z.object({
  port: port().default(8000),
  natsUrl: urls('nats', 'tls'),
  webUrl: url('http', 'https').optional(),
  natsPassword: secret().optional(),
  drainTime: duration({ minMs: 100, maxMs: 60_000 }).default(10_000),
  bodyBytesMax: byteSize({ max: 2 ** 20 }).default(131_072),
  testMode: flag().default(false),
  logLevel: choice('debug', 'info').default('info'),
  trustedProxies: list(text()).default([]),
  workers: count({ min: 1, max: 64 }).default(1),
});

const folder = mkdtempSync(join(tmpdir(), 'platte-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('settings', () => {
  test('are read from PLATTE_ variables, with units', () => {
    const parsed = parseConfig(schema, {
      PLATTE_PORT: '0',
      PLATTE_NATS_URL: 'nats://127.0.0.1:4222',
      PLATTE_DRAIN_TIME: '5s',
      PLATTE_BODY_BYTES_MAX: '64KiB',
      PLATTE_TEST_MODE: 'yes',
      PLATTE_TRUSTED_PROXIES: '10.0.0.0/8, 192.168.0.1,',
      PLATTE_WORKERS: '',
    });
    expect(parsed).toEqual({
      status: 'good',
      config: {
        port: 0,
        natsUrl: 'nats://127.0.0.1:4222',
        drainTime: 5000,
        bodyBytesMax: 65_536,
        testMode: true,
        logLevel: 'info',
        trustedProxies: ['10.0.0.0/8', '192.168.0.1'],
        workers: 1,
      },
    });
  });

  test('that are wrong are all named at once, with what they should be and without a secret', () => {
    const parsed = parseConfig(schema, {
      PLATTE_PORT: '70000',
      PLATTE_NATS_PASSWORD: ' ',
      PLATTE_DRAIN_TIME: '10',
      PLATTE_BODY_BYTES_MAX: '2MiB',
      PLATTE_TEST_MODE: 'perhaps',
      PLATTE_LOG_LEVEL: 'loud',
      PLATTE_WORKERS: '-1',
    });
    expect(parsed).toEqual({
      status: 'bad',
      problems: [
        'PLATTE_PORT should be a port from 0 to 65535 (0 takes a free one); it is "70000"',
        'PLATTE_NATS_URL is missing: it should be a URL that starts with nats:// or tls://, or several apart by commas',
        'PLATTE_NATS_PASSWORD should be a secret that is not empty',
        'PLATTE_DRAIN_TIME should be a duration such as 500ms, 10s, 5m, 24h or 7d, from 100ms to 60000ms; it is "10"',
        'PLATTE_BODY_BYTES_MAX should be a size such as 128KiB, 512MiB or 10GiB, from 0 to 1048576 bytes; it is "2MiB"',
        'PLATTE_TEST_MODE should be true or false; it is "perhaps"',
        'PLATTE_LOG_LEVEL should be one of debug, info; it is "loud"',
        'PLATTE_WORKERS should be a whole number from 1 to 64; it is "-1"',
      ],
    });
  });

  test('that are secrets may stand in a file, without its last line end', () => {
    const path = join(folder, 'password');
    writeFileSync(path, 'hunter2\n');
    const parsed = parseConfig(schema, { PLATTE_NATS_URL: 'nats://x', PLATTE_NATS_PASSWORD_FILE: path });
    expect(parsed).toMatchObject({ status: 'good', config: { natsPassword: 'hunter2' } });
    // What is no secret has no file form.
    const other = parseConfig(schema, { PLATTE_NATS_URL: 'nats://x', PLATTE_LOG_LEVEL_FILE: path });
    expect(other).toMatchObject({ status: 'good', config: { logLevel: 'info' } });
  });

  test('that are secrets and given twice, or in a file that is not there or empty, are named with the file', () => {
    const secrets = z.object({ one: secret(), two: secret(), three: url('postgres').meta({ secret: true }) });
    const empty = join(folder, 'empty');
    writeFileSync(empty, '\n');
    const missing = join(folder, 'missing');
    const parsed = parseConfig(secrets, {
      PLATTE_ONE: 'hunter2',
      PLATTE_ONE_FILE: empty,
      PLATTE_TWO_FILE: empty,
      PLATTE_THREE_FILE: missing,
    });
    expect(parsed).toEqual({
      status: 'bad',
      problems: [
        'PLATTE_ONE and PLATTE_ONE_FILE are both set: set one of them',
        `PLATTE_TWO_FILE names an empty file: ${empty}`,
        `PLATTE_THREE_FILE names a file that cannot be read (ENOENT): ${missing}`,
      ],
    });
  });

  test('that are wrong in the file of a secret are named without their value', () => {
    const path = join(folder, 'url');
    writeFileSync(path, 'http://me:hunter2@example.org');
    const secrets = z.object({ storeUrl: url('postgres').meta({ secret: true }) });
    expect(parseConfig(secrets, { PLATTE_STORE_URL_FILE: path })).toEqual({
      status: 'bad',
      problems: ['PLATTE_STORE_URL should be a URL that starts with postgres://'],
    });
  });

  test('that are files are named when they cannot be read', () => {
    const files = z.object({ caFile: file() });
    expect(parseConfig(files, { PLATTE_CA_FILE: join(folder, 'missing') })).toMatchObject({
      problems: [`PLATTE_CA_FILE should be a file that can be read; it is "${join(folder, 'missing')}"`],
    });
  });

  test('are described without secrets and without credentials in URLs', () => {
    const parsed = parseConfig(schema, {
      PLATTE_NATS_URL: 'nats://me:hunter2@example.org:4222,nats://me:hunter2@example.net:4222',
      PLATTE_NATS_PASSWORD: 'hunter3',
    });
    if (parsed.status === 'bad') throw new Error(parsed.problems.join());
    const described = JSON.stringify(describeConfig(schema, parsed.config));
    expect(described).toContain('nats://example.org:4222,nats://example.net:4222');
    expect(described).not.toContain('hunter');
  });
});

describe('the settings of NATS', () => {
  /** A file that can be read. */
  const here = import.meta.filename;
  const natsSchema = z.object(natsSettings).superRefine(checkNatsSettings);
  const parse = (env: Record<string, string>) => parseConfig(natsSchema, { PLATTE_NATS_URL: 'tls://10.0.0.1', ...env });

  test('need a certificate and its key together', () => {
    expect(parse({ PLATTE_NATS_CERT_FILE: here, PLATTE_NATS_KEY_FILE: here })).toMatchObject({ status: 'good' });
    expect(parse({ PLATTE_NATS_CERT_FILE: here })).toEqual({
      status: 'bad',
      problems: ['PLATTE_NATS_KEY_FILE is missing: it is needed beside PLATTE_NATS_CERT_FILE'],
    });
    expect(parse({ PLATTE_NATS_KEY_FILE: here })).toEqual({
      status: 'bad',
      problems: ['PLATTE_NATS_CERT_FILE is missing: it is needed beside PLATTE_NATS_KEY_FILE'],
    });
  });
});
