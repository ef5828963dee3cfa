// The program itself, beside a history that a newer release made: its questions would be answered wrongly, and nobody would know.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, migrateHistory, openHistory } from '@platte/history';
import { makeLog } from '@platte/service';
import { makeFreshDatabase } from '@platte/state-store';
import { expect, inject, it } from 'vitest';

it('refuses to run beside a history of a newer release, and says so', async () => {
  const { origin, username, password } = new URL(inject('clickhouseUrl'));
  const user = { url: origin, user: decodeURIComponent(username), password: decodeURIComponent(password) };
  const name = `platte_test_newer_${process.pid}`;
  const address = { ...user, database: name, log: makeLog({ program: 'api', level: 'silent' }) };
  const folder = mkdtempSync(join(tmpdir(), 'platte-newer-'));
  const database = await makeFreshDatabase(inject('postgresUrl'));
  await createDatabase(address, { cluster: '' });
  const history = openHistory(address);
  try {
    await migrateHistory(history);
    await history.run(`insert into schema_migration (version, name, checksum) values (9000, '9000-later.sql', 'x')`);
    const child = spawn(process.execPath, [join(import.meta.dirname, '../dist/main.js')], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        PLATTE_API_PORT: '0',
        PLATTE_INTERNAL_PORT: '0',
        PLATTE_DATA_DIR: folder,
        PLATTE_NATS_URL: inject('natsUrl'),
        PLATTE_POSTGRES_URL: database.url,
        PLATTE_CLICKHOUSE_URL: user.url,
        PLATTE_CLICKHOUSE_USER: user.user,
        PLATTE_CLICKHOUSE_PASSWORD: user.password,
        PLATTE_CLICKHOUSE_DATABASE: name,
      },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect(said).toMatch(/the history database is at migration 9000, this program knows \d+: start a newer release/);
    expect(code).toBe(78);
  } finally {
    await history.run(`drop database ${name}`);
    await history.close();
    await database.drop();
    rmSync(folder, { recursive: true });
  }
});
