// Who gets in: servers with certificates of a private authority, which let in clients with a certificate of it and a user.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, startNats } from '@platte/backing';
import { connectNats, type ConnectOptions, ensureStreams } from '@platte/fact-log';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type RunningCluster, startNatsCluster } from './nats-cluster.js';

let folder: string;
let signedByOperator: RunningCluster;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-access-'));
  signedByOperator = await startNatsCluster({ folder, signIn: 'creds' });
});
afterAll(async () => {
  await signedByOperator.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Why the first attempt to connect failed; '' if it did not. */
async function refusal(access: Omit<ConnectOptions, 'name' | 'say'>): Promise<string> {
  const refused = new AbortController();
  let reason = '';
  const say = (line: string): void => {
    reason = line.replace(/^waiting for NATS at [^ ]+( [^ ]+)*: /, '');
    refused.abort();
  };
  try {
    const nc = await connectNats({ ...access, name: 'access', say, signal: refused.signal });
    await nc.close();
  } catch (error) {
    if (!refused.signal.aborted) throw error;
  }
  return reason;
}

const url = () => inject('natsUrl');
const access = () => inject('natsAccess');

it('a client with certificate, user and password gets in', async () => {
  expect(await refusal({ url: url(), ...access() })).toBe('');
});

it('a client whose URL has the user and password gets in', async () => {
  const { user = '', password = '', ...certificates } = access();
  const urls = url().replaceAll('tls://', `tls://${user}:${password}@`);
  expect(await refusal({ url: urls, ...certificates })).toBe('');
});

it('a client does not believe servers of an authority that it does not know', async () => {
  const { caFile: _, ...rest } = access();
  expect(await refusal({ url: url(), ...rest })).toMatch(/certificate/);
});

it('servers let in no client without a certificate, and none without a user', async () => {
  const { user, password, caFile = '', ...certificate } = access();
  expect(await refusal({ url: url(), user, password, caFile })).not.toBe('');
  expect(await refusal({ url: url(), caFile, ...certificate })).toMatch(/authorization/i);
});

it('a client names the file that is missing', async () => {
  expect(await refusal({ url: url(), ...access(), caFile: '/nowhere/ca.pem' })).toContain('/nowhere/ca.pem');
  const { url: other, access: known } = signedByOperator;
  expect(await refusal({ url: other, ...known, credsFile: '/nowhere/a.creds' })).toContain('/nowhere/a.creds');
});

it('a client that asks for TLS refuses a server without it', async () => {
  const server = await startNats({ dataDir: join(folder, 'plain'), cacheDir: cacheFolder(), auth: 'none' });
  const plain = `127.0.0.1:${server.port}`;
  expect(await refusal({ url: `nats://${plain}` })).toBe('');
  expect(await refusal({ url: `tls://${plain}` })).toMatch(/tls/);
  expect(await refusal({ url: `nats://${plain}`, caFile: access().caFile })).toMatch(/tls/);
  await server.stop();
});

it('a client with a .creds file gets in, and makes streams with three replicas', async () => {
  const nc = await connectNats({ url: signedByOperator.url, ...signedByOperator.access, name: 'creds', say: () => {} });
  const { created, differences } = await ensureStreams(nc, { replicas: 3, factsBytesMax: 2 ** 20 });
  expect({ created, differences }).toEqual({
    created: ['FACTS', 'REFUSED', 'PARKED', 'platte-catalog'],
    differences: [],
  });
  await nc.close();
});
