// PostgreSQL and ClickHouse over TLS, with certificates of an authority that no system trusts: a server that is not who its
// certificate says is refused, and so is a program without the certificate that PostgreSQL asks for.
import { once } from 'node:events';
import { chown, copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer as listenInTheClear } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { cacheFolder, type RunningServer, startPostgres } from '@platte/backing';
import { openHistory } from '@platte/history';
import { parseConfig, PostgresConfig, withPostgresTls } from '@platte/service';
import { closeStore, listenToCatalog, migrate, openStore, tryLead } from '@platte/state-store';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type Certificates, makeCertificates } from '../cluster/certificates.js';

let folder: string;
let own: Certificates;
let others: Certificates;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-tls-'));
  own = await makeCertificates(join(folder, 'own'));
  others = await makeCertificates(join(folder, 'others'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('PostgreSQL that takes encrypted connections with a certificate only', () => {
  let server: RunningServer;

  beforeAll(async () => {
    const place = { dataDir: join(folder, 'postgres'), cacheDir: cacheFolder() };
    server = await startPostgres(place);
    await demandTls(server, join(place.dataDir, 'cluster'));
  });
  afterAll(() => server.stop());

  async function demandTls({ url }: RunningServer, cluster: string): Promise<void> {
    const { uid, gid } = await stat(join(cluster, 'PG_VERSION'));
    for (const [from, name] of [
      [own.server.certFile, 'server.crt'],
      [own.server.keyFile, 'server.key'],
      [own.caFile, 'root.crt'],
    ] as const) {
      await copyFile(from, join(cluster, name));
      await chown(join(cluster, name), uid, gid);
    }
    await writeFile(join(cluster, 'pg_hba.conf'), 'hostssl all all all scram-sha-256 clientcert=verify-ca\n');
    const store = openStore({ url, poolMax: 1 });
    for (const setting of ["ssl_ca_file = 'root.crt'", 'ssl = on'])
      await store.pool.query(`alter system set ${setting}`);
    await store.pool.query('select pg_reload_conf()');
    // A session that was there before is not asked again; the next ones are.
    await vi.waitFor(async () => expect((await store.pool.query('show ssl')).rows).toEqual([{ ssl: 'on' }]));
    await closeStore(store);
  }

  /** As a program reads it from its environment. */
  function toUrl(settings: Record<string, string>, url = server.url): string {
    const parsed = parseConfig(PostgresConfig, { PLATTE_POSTGRES_URL: url, ...settings });
    if (parsed.status === 'bad') throw new Error(parsed.problems.join());
    return withPostgresTls(parsed.config).postgresUrl;
  }
  const client = () => ({
    PLATTE_POSTGRES_CERT_FILE: own.client.certFile,
    PLATTE_POSTGRES_KEY_FILE: own.client.keyFile,
  });
  const whole = () => ({ PLATTE_POSTGRES_CA_FILE: own.caFile, ...client() });

  async function ask(url: string): Promise<unknown> {
    const store = openStore({ url });
    try {
      const text =
        'select ssl, client_dn is not null as "hasCertificate" from pg_stat_ssl where pid = pg_backend_pid()';
      const [usual, hot] = await Promise.all([store.pool.query(text), store.hot.query(text)]);
      return [...usual.rows, ...hot.rows];
    } finally {
      await closeStore(store);
    }
  }

  it('serves both pools, migrations, the lead and the bell of the catalog', async () => {
    const url = toUrl(whole());
    const encrypted = { ssl: true, hasCertificate: true };
    expect(await ask(url)).toEqual([encrypted, encrypted]);
    expect((await migrate(url)).length).toBeGreaterThan(0);
    const lead = await tryLead(url, 1);
    expect(lead?.signal.aborted).toBe(false);
    await lead?.release();
    const rung = Promise.withResolvers<void>();
    const bell = listenToCatalog({ url, onRing: rung.resolve, onTrouble: rung.reject });
    await rung.promise;
    await bell.stop();
  });

  it('refuses a program without TLS, and one without a certificate', async () => {
    await expect(ask(server.url)).rejects.toThrow('no encryption');
    await expect(ask(toUrl({ PLATTE_POSTGRES_CA_FILE: own.caFile }))).rejects.toThrow(/certificate/);
  });

  it('is refused when its authority is not known', async () => {
    const strange = { ...client(), PLATTE_POSTGRES_CA_FILE: others.caFile };
    await expect(ask(toUrl(strange))).rejects.toThrow(/verify|self-signed|issuer|signature/);
    await expect(ask(toUrl({ ...client(), PLATTE_POSTGRES_TLS: 'on' }))).rejects.toThrow(
      /verify|self-signed|issuer|signature/,
    );
  });

  it('is refused when its certificate has another name', async () => {
    const elsewhere = new URL(server.url);
    elsewhere.hostname = '127.0.0.2';
    const over = await openPipe('127.0.0.2', server.port);
    elsewhere.port = String(over.port);
    await expect(ask(toUrl(whole(), elsewhere.href))).rejects.toThrow("does not match certificate's altnames");
    over.close();
  });

  it('is used again with a certificate that was renewed in its file', async () => {
    const certFile = join(folder, 'renewed.pem');
    const keyFile = join(folder, 'renewed-key.pem');
    await copyFile(others.client.certFile, certFile);
    await copyFile(others.client.keyFile, keyFile);
    const url = toUrl({ ...whole(), PLATTE_POSTGRES_CERT_FILE: certFile, PLATTE_POSTGRES_KEY_FILE: keyFile });
    const store = openStore({ url });
    await expect(store.pool.query('select 1')).rejects.toThrow(/alert|certificate/);
    await copyFile(own.client.certFile, certFile);
    await copyFile(own.client.keyFile, keyFile);
    expect((await store.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await closeStore(store);
  });
});

describe('ClickHouse behind a proxy that ends TLS', () => {
  let proxy: Server;
  let port: number;

  beforeAll(async () => {
    const behind = Number(new URL(inject('clickhouseUrl')).port);
    const certificate = { cert: await readFile(own.server.certFile), key: await readFile(own.server.keyFile) };
    proxy = createServer(certificate, (near) => {
      const far = connect(behind, '127.0.0.1');
      near.pipe(far).pipe(near);
      near.on('error', () => far.destroy());
      far.on('error', () => near.destroy());
    }).listen(0, '127.0.0.1');
    // Handshakes that the other side breaks off.
    proxy.on('tlsClientError', () => {});
    await once(proxy, 'listening');
    port = portOf(proxy);
  });
  afterAll(() => proxy.close());

  const open = (caFile: string | undefined) => {
    const url = new URL(inject('clickhouseUrl'));
    const login = { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
    const log = { info: () => {}, warn: () => {} };
    return openHistory({ url: `https://127.0.0.1:${port}`, ...login, database: 'default', log, caFile });
  };

  it('is read, written and pinged with the authority of its certificate', async () => {
    const history = open(own.caFile);
    const beside = history.beside({ database: 'system' });
    await history.ping();
    await history.run(`insert into function null('x UInt8') select 1`);
    expect(await history.read('select 1 as one')).toEqual([{ one: 1 }]);
    expect(await beside.read('select currentDatabase() as name')).toEqual([{ name: 'system' }]);
    await Promise.all([history.close(), beside.close()]);
  });

  it('is refused when its authority is not known', async () => {
    for (const caFile of [undefined, others.caFile]) {
      const history = open(caFile);
      await expect(history.read('select 1')).rejects.toThrow(/verify|self-signed|issuer|signature/);
      await expect(history.ping()).rejects.toThrow(/verify|self-signed|issuer|signature/);
      await history.close();
    }
  });
});

/** From an address that no certificate names. */
async function openPipe(host: string, behind: number): Promise<{ port: number; close: () => void }> {
  const server = listenInTheClear((near) => {
    const far = connect(behind, '127.0.0.1');
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  }).listen(0, host);
  await once(server, 'listening');
  return { port: portOf(server), close: () => void server.close() };
}

function portOf(server: { address(): unknown }): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null || !('port' in address)) throw new Error('it listens on a port');
  return Number(address.port);
}
