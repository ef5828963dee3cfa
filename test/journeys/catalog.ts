// Groups for journeys: each with a track, a channel and a package of its own, so that no test meets another one's machines.
import { createHash } from 'node:crypto';
import type { Client } from '@platte/api-contract';
import { ask, flatcarApp } from './machines.js';
import { eventually } from './platform.js';

export interface MadeGroup {
  id: string;
  track: string;
  channel: string;
  package: string;
  /** What it offers. Machines of journeys start at 1000.0.0. */
  version: string;
}

type Changes = NonNullable<Parameters<Client['createGroup']>[0]['body']['policy']>;

let made = 0;

export async function makePackage(client: Client, version: string): Promise<string> {
  const payload = createHash('sha256').update(version);
  const { id } = await client.createPackage({
    body: {
      application: flatcarApp,
      version,
      arch: 'amd64',
      url: `https://payloads.example/amd64-usr/${version}/`,
      filename: 'flatcar_production_update.gz',
      size: 350_000_000,
      action: { sha256: payload.digest('base64') },
    },
  });
  return id;
}

/** @param policy what differs from the defaults */
export async function makeGroup(client: Client, track: string, policy: Changes = {}): Promise<MadeGroup> {
  const version = `2000.${++made}.0`;
  const pack = await makePackage(client, version);
  const channel = await client.createChannel({
    body: { application: flatcarApp, name: track, arch: 'amd64', package: pack },
  });
  const { id } = await client.createGroup({
    body: { application: flatcarApp, name: track, track, channel: channel.id, policy },
  });
  return { id, track, channel: channel.id, package: pack, version };
}

/** Until that ingress judges by the group: a machine far above it is told so, and costs nothing. */
export async function untilServed(url: string, { track }: MadeGroup): Promise<void> {
  await eventually(
    () => ask(url, { machine: `probe-of-${track}`, track, version: '9999.0.0' }),
    ({ reason }) => reason === 'ahead-of-channel',
  );
}
