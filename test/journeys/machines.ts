// Machines that ask: recorded requests of real ones said by others, and checks composed as update_engine composes them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeRequest, elementsAt, type MachineProfile, readTree, type WireEvent } from '@platte/omaha/client';
import { repositoryRoot } from './repository.js';

export const flatcarApp = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';

/** A request of test/clients/recordings, byte for byte: `update-engine.check.3-2`. */
export function recording(name: string): string {
  return readFileSync(join(repositoryRoot(), 'test/clients/recordings', `${name}.xml`), 'utf8');
}

export function withMachine(body: string, machine: string): string {
  return withAttribute(body, 'machineid', machine);
}

/** The same request with another value of one attribute of its app. */
export function withAttribute(body: string, name: string, value: string): string {
  return body.replace(new RegExp(`(<app [^>]* ${name}=")[^"]*`), `$1${value}`);
}

export function profileOf(machine: string, track: string): MachineProfile {
  return {
    appid: `{${flatcarApp}}`,
    track,
    machineId: machine,
    alias: '',
    oem: 'qemu',
    oemVersion: '',
    alephVersion: '1000.0.0',
    board: 'amd64-usr',
    kernelArch: 'x86_64',
    ownServer: true,
  };
}

export interface Asker {
  machine: string;
  track: string;
  version?: string;
}

const bootId = '{51c48fcd-fbfa-46de-bfe2-1fba32ff97d9}';

/** An idle machine's check: ping, updatecheck and the heartbeat 3/2. */
export function checkOf({ machine, track, version = '1000.0.0' }: Asker, previousVersion = ''): string {
  const event = { type: 3, result: 2, previousVersion };
  const content = { version, bootId, interactive: false, ping: true, updateCheck: true, event };
  return composeRequest(profileOf(machine, track), content);
}

/** A report without a check: 13/1, 14/1, 3/1, 3/0… */
export function reportOf({ machine, track, version = '1000.0.0' }: Asker, event: WireEvent): string {
  const content = { version, bootId, interactive: false, ping: false, updateCheck: false, event };
  return composeRequest(profileOf(machine, track), content);
}

export interface Heard {
  /** The version on offer; null without one. */
  offered: string | null;
  /** Why not, as the server says it; '' with an offer. */
  reason: string;
}

/** What an answer to a check says. Throws where it is no such answer. */
export function hear(text: string): Heard {
  const root = readTree(text);
  const check = root && elementsAt(root, 'app', 'updatecheck')[0];
  if (check === undefined) throw new Error(`no answer to a check: ${text}`);
  const manifest = elementsAt(check, 'manifest')[0];
  return {
    offered: check.attributes['status'] === 'ok' ? (manifest?.attributes['version'] ?? '') : null,
    reason: check.attributes['info'] ?? '',
  };
}

export async function postOmaha(url: string, body: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'text/xml' }, body });
  return { status: response.status, text: await response.text() };
}

/** One check. Throws when it is answered with anything but 200. */
export async function ask(url: string, asker: Asker): Promise<Heard> {
  const { status, text } = await postOmaha(url, checkOf(asker));
  if (status !== 200) throw new Error(`${asker.machine} got ${status}: ${text}`);
  return hear(text);
}

const triesMax = 200;

/** Asks again, as a machine does at its next poll, while policy has no time to decide or is just being restarted. */
export async function askUntilDecided(url: string, asker: Asker): Promise<Heard> {
  for (let tries = 1; ; tries++) {
    const heard = await ask(url, asker);
    if (heard.reason !== 'policy-unavailable' || tries === triesMax) return heard;
  }
}
