// How three other clients read our answers, each with its own strictness (omaha-protocol.md 2.2): go-omaha and Nebraska's updater,
// ue-rs (which reads the answer that update_engine stored, for OEM extensions), and Nebraska's syncer. Each says what it would
// do, or what breaks it.
import { childrenNamed, elementsAt, readTree, type TreeElement } from '@platte/omaha/client';

export type Reading<T> = { kind: 'read'; value: T } | { kind: 'broken'; why: string };

interface GoAnswer {
  status: string;
  /** What it would fetch; null without an update. */
  url: string | null;
  version: string | null;
}

class Broken extends Error {}

function reading<T>(text: string, read: (root: TreeElement) => T): Reading<T> {
  try {
    const root = readTree(text);
    if (root === undefined || root.name !== 'response') throw new Broken('no response');
    return { kind: 'read', value: read(root) };
  } catch (error) {
    if (error instanceof Broken) return { kind: 'broken', why: error.message };
    throw error;
  }
}

/** Go's typed fields fail the whole document, wherever they are. */
const goNumbers = ['size', 'MaxFailureCountPerUrl', 'elapsed_days', 'elapsed_seconds'];
const goBooleans = ['required', 'needsadmin', 'IsDeltaPayload', 'DisablePayloadBackoff', 'is_floor', 'is_target'];

function assertGoTypes(element: TreeElement): void {
  for (const [name, value] of Object.entries(element.attributes)) {
    if (goNumbers.includes(name) && value !== '' && !/^\d{1,19}$/.test(value)) throw new Broken(`${name}="${value}"`);
    if (goBooleans.includes(name) && !/^(?:|1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value))
      throw new Broken(`${name}="${value}"`);
  }
  element.children.forEach(assertGoTypes);
}

/** It compares the id that it sent as text, and wants the application to be `ok`. */
export function readAsGoClient(text: string, appid: string): Reading<GoAnswer> {
  return reading(text, (root) => {
    assertGoTypes(root);
    if (root.attributes['protocol'] !== '3.0') throw new Broken('protocol is not 3.0');
    const app = childrenNamed(root, 'app').find(({ attributes }) => attributes['appid'] === appid);
    if (app === undefined) throw new Broken('its application is not in the answer');
    if (app.attributes['status'] !== 'ok') throw new Broken(`application status ${app.attributes['status']}`);
    const check = childrenNamed(app, 'updatecheck')[0];
    if (check === undefined) throw new Broken('no updatecheck');
    const status = check.attributes['status'] ?? '';
    const manifest = childrenNamed(check, 'manifest')[0];
    const codebase = elementsAt(check, 'urls', 'url')[0]?.attributes['codebase'];
    const name = elementsAt(check, 'manifest', 'packages', 'package')[0]?.attributes['name'];
    if (status !== 'ok') return { status, url: null, version: null };
    if (codebase === undefined || name === undefined) throw new Broken('an update without URL or package');
    return { status, url: `${codebase}${name}`, version: manifest?.attributes['version'] ?? '' };
  });
}

interface RustPackage {
  name: string;
  url: string;
  size: number;
}

const rustEvents = ['preinstall', 'install', 'postinstall', 'update'];

/** All packages of all applications; any fault fails the whole document. It cannot read an answer without a manifest. */
export function readAsUeRs(text: string): Reading<RustPackage[]> {
  return reading(text, (root) => {
    required(root, 'protocol');
    return childrenNamed(root, 'app').flatMap((app) => {
      required(app, 'appid');
      required(app, 'status');
      const check = only(app, 'updatecheck');
      const base = new URL(required(elementsAt(only(check, 'urls'), 'url')[0], 'codebase'));
      if (Object.keys(elementsAt(check, 'urls', 'url')[0]!.attributes)[0] !== 'codebase')
        throw new Broken('codebase is not the first attribute');
      const manifest = childrenNamed(check, 'manifest').at(-1);
      required(manifest, 'version');
      for (const action of elementsAt(manifest!, 'actions', 'action')) assertRustAction(action);
      if (childrenNamed(manifest!, 'actions').length === 0) throw new Broken('no actions');
      return elementsAt(manifest!, 'packages', 'package').map((file) => readRustPackage(file, base));
    });
  });
}

function assertRustAction(action: TreeElement): void {
  if (bytesOf(required(action, 'sha256')) !== 32) throw new Broken('sha256 of the action is no base64 of 32 bytes');
  if (!rustEvents.includes(required(action, 'event'))) throw new Broken('unknown action event');
}

function readRustPackage(file: TreeElement, base: URL): RustPackage {
  const { hash, hash_sha256: sha256 } = file.attributes;
  if (hash !== undefined && bytesOf(hash) !== 20) throw new Broken('hash is no base64 of 20 bytes');
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) throw new Broken('hash_sha256 is no hex of 32 bytes');
  if (!/^(?:true|false)$/.test(required(file, 'required'))) throw new Broken('required is no boolean');
  const size = required(file, 'size');
  if (!/^\d+$/.test(size)) throw new Broken('size is no number');
  const name = required(file, 'name');
  return { name, url: new URL(name, base).href, size: Number(size) };
}

function bytesOf(base64: string): number {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? bytes.length : -1;
}

function required(element: TreeElement | undefined, name: string): string {
  const value = element?.attributes[name];
  if (value === undefined) throw new Broken(`no ${name} in <${element?.name ?? 'missing element'}>`);
  return value;
}

function only(parent: TreeElement, name: string): TreeElement {
  const child = childrenNamed(parent, name)[0];
  if (child === undefined) throw new Broken(`no <${name}> in <${parent.name}>`);
  return child;
}

interface MirroredManifest {
  version: string;
  isFloor: boolean;
  isTarget: boolean;
  packages: { name: string; sha1: string; size: string; url: string }[];
}

/** Nebraska's syncer takes the first application and every manifest; null without an update. */
export function readAsSyncer(text: string): Reading<{ manifests: MirroredManifest[]; target: string | null } | null> {
  return reading(text, (root) => {
    assertGoTypes(root);
    const check = only(only(root, 'app'), 'updatecheck');
    if (check.attributes['status'] !== 'ok') return null;
    const codebase = required(elementsAt(check, 'urls', 'url')[0], 'codebase');
    const manifests = childrenNamed(check, 'manifest').map((manifest) => readMirrored(manifest, codebase));
    const target = manifests.find(({ isTarget }) => isTarget) ?? manifests.findLast(({ isFloor }) => !isFloor);
    return { manifests, target: target?.version ?? null };
  });
}

function readMirrored(manifest: TreeElement, codebase: string): MirroredManifest {
  const packages = elementsAt(manifest, 'packages', 'package').map((file) => ({
    name: required(file, 'name'),
    sha1: file.attributes['hash'] ?? '',
    size: required(file, 'size'),
    url: new URL(required(file, 'name'), codebase).href,
  }));
  if (packages.length === 0) throw new Broken('a manifest without packages');
  return {
    version: required(manifest, 'version'),
    isFloor: manifest.attributes['is_floor'] === 'true',
    isTarget: manifest.attributes['is_target'] === 'true',
    packages,
  };
}
