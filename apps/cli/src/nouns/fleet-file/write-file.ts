// The catalog as a fleet file. Over an existing file, comments and the order of what stays are kept.
import { Document, isMap, isScalar, isSeq, parseDocument, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import { CliError } from '../cli-error.js';
import { isEqual } from './differences.js';
import type { HeldApplication } from './held.js';

const head = ` The whole catalog of a Platte, for \`platte diff\` and \`platte apply\`.
 What is left out here stays as it is. Lengths of time are milliseconds.`;

/** @param text the file as it is; undefined when there is none */
export function writeFleetFile(held: readonly HeldApplication[], text?: string): string {
  const value = { applications: held.map((one) => toFile(one)) };
  const document = text === undefined ? new Document({}) : parseDocument(text);
  const [error] = document.errors;
  if (error)
    throw new CliError(`The existing file is no YAML: ${error.message}. Correct it, or export to another file.`);
  if (text === undefined) document.commentBefore = head;
  document.contents = merge(document, document.contents, value) as typeof document.contents;
  return document.toString({ lineWidth: 120 });
}

function toFile({ application, packages, channels, groups, deadEnds }: HeldApplication): object {
  const { id, name, description, versioning, reboots, productId } = application;
  const versions = new Map(packages.map((pack) => [pack.id, pack.version]));
  const named = new Map(channels.map((channel) => [channel.id, `${channel.name}/${channel.arch}`]));
  return {
    name,
    id,
    description,
    versioning,
    reboots,
    productId,
    deadEnds,
    packages: packages.filter(({ example }) => !example).map((pack) => toFilePackage(pack)),
    channels: channels.map((channel) => ({
      name: channel.name,
      arch: channel.arch,
      color: channel.color,
      package: channel.package === null ? null : (versions.get(channel.package) ?? null),
      floors: channel.floors.map((floor) => ({ version: versions.get(floor.package), reason: floor.reason })),
      blacklist: channel.blacklist.map((blacklisted) => versions.get(blacklisted)),
    })),
    groups: groups.map((group) => ({
      name: group.name,
      // Only where machines say it: elsewhere a file with ids would fit one platform alone.
      ...(group.track === group.id && { id: group.id }),
      description: group.description,
      track: group.track,
      channel: group.channel === null ? null : (named.get(group.channel) ?? null),
      policy: group.policy,
    })),
  };
}

function toFilePackage({
  version,
  arch,
  type,
  url,
  filename,
  size,
  ...rest
}: HeldApplication['packages'][number]): object {
  const { sha1, sha256, description, files, action } = rest;
  return { version, arch, type, url, filename, size, sha1, sha256, description, files, action };
}

/** The node with the new value: itself where it can be kept, with what was written around it. */
function merge(document: Document, node: Node | null, value: unknown): Node {
  if (isMap(node) && isObject(value)) return mergeMap(document, node, value);
  if (isSeq(node) && Array.isArray(value)) return mergeSequence(document, node, value);
  if (isScalar(node) && !isObject(value) && !Array.isArray(value)) {
    if (node.value !== value) node.value = value;
    return node;
  }
  return document.createNode(value);
}

type Fields = Record<string, unknown>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mergeMap(document: Document, map: YAMLMap, value: Fields): Node {
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    map.set(name, merge(document, (map.get(name, true) as Node | undefined) ?? null, inner));
  }
  const gone = map.items.filter(({ key }) => !Object.hasOwn(value, String(isScalar(key) ? key.value : key)));
  for (const { key } of gone) map.delete(key);
  return map;
}

/** Items are the same when they have the same name: they stay where they were; new ones come last. */
function mergeSequence(document: Document, sequence: YAMLSeq, values: unknown[]): Node {
  const left = [...values];
  const kept = (sequence.items as Node[]).flatMap((node) => {
    const plain: unknown = node.toJS(document);
    const at = left.findIndex((value) => isSameThing(value, plain));
    if (at < 0) return [];
    const [value] = left.splice(at, 1);
    return [merge(document, node, value)];
  });
  sequence.items = [...kept, ...left.map((value) => document.createNode(value))];
  if (left.length > 0 && kept.length === 0) sequence.flow = false;
  return sequence;
}

function isSameThing(a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b)) return isEqual(a, b);
  const key = a['name'] ?? a['version'];
  if (key === undefined) return isEqual(a, b);
  return key === (b['name'] ?? b['version']) && isSameArch(a['arch'], b['arch']);
}

const isSameArch = (a: unknown, b: unknown): boolean => a === b || (a === 'amd64' && b === undefined);
