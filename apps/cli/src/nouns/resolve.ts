// Things by id or by name: an application by its name or product id, a group by its name, `track` or
// `track/arch`, a channel by `name` or
// `name/arch`, a package by `version` or `version/arch`. What fits several is refused, and all of them are listed.
import { eachItem, pageLimitMax, type Application, type Channel, type Group, type Package } from '@platte/api-contract';
import { exitCodes } from '../exit-codes.js';
import { option, type Call } from './call.js';
import { CliError } from './cli-error.js';

export interface Candidate {
  id: string;
  /** What it answers to, the best name first. */
  names: readonly string[];
  /** For the list of several: what tells it apart. */
  about: string;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @throws CliError when nothing, or more than one thing, answers to it */
export function pick(kind: string, text: string, candidates: readonly Candidate[]): string {
  const exact = candidates.filter(({ id, names }) => id === text.toLowerCase() || names.includes(text));
  const found = exact.length > 0 ? exact : candidates.filter(({ names }) => names.some((name) => isSame(name, text)));
  const [only] = found;
  if (only && found.length === 1) return only.id;
  if (only) {
    const lines = found.map(({ id, about }) => `  ${id}  ${about}`);
    throw new CliError(`${found.length} ${kind}s are called ${text}: say which by its id.\n${lines.join('\n')}`);
  }
  throw new CliError(`There is no ${kind} ${text}.${suggest(kind, candidates)}`, exitCodes.notFound);
}

const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const suggestionsMax = 10;

function suggest(kind: string, candidates: readonly Candidate[]): string {
  if (candidates.length === 0) return ` There are no ${kind}s that you may see.`;
  const names = [...new Set(candidates.map(({ names: [name = ''] }) => name))];
  const more = names.length > suggestionsMax ? ', …' : '';
  return ` There are: ${names.slice(0, suggestionsMax).join(', ')}${more}`;
}

export const toCandidate = {
  application: ({ id, name, productId }: Application): Candidate => ({
    id,
    names: [name, ...(productId === null ? [] : [productId])],
    about: name,
  }),
  group: ({ id, name, track, application }: Group, arch?: string): Candidate => ({
    id,
    names: [name, track, ...(arch === undefined ? [] : [`${track}/${arch}`])],
    about: `${name}, track ${track}, application ${application}`,
  }),
  channel: ({ id, name, arch, application }: Channel): Candidate => ({
    id,
    names: [`${name}/${arch}`, name],
    about: `${name}/${arch}, application ${application}`,
  }),
  package: ({ id, version, arch, application }: Package): Candidate => ({
    id,
    names: [`${version}/${arch}`, version],
    about: `${version}/${arch}, application ${application}`,
  }),
};

const limit = pageLimitMax;

async function find<Item>(
  kind: keyof typeof toCandidate,
  text: string,
  items: AsyncIterable<Item>,
  toOne: (item: Item) => Candidate,
): Promise<string> {
  if (uuid.test(text)) return text.toLowerCase();
  const candidates: Candidate[] = [];
  for await (const item of items) candidates.push(toOne(item));
  return pick(kind, text, candidates);
}

export async function findApplication(call: Call, text: string): Promise<string> {
  const { listApplications } = call.open().client;
  return find('application', text, eachItem(listApplications, { query: { limit } }), toCandidate.application);
}

/** The application of `--app`; nothing when it was not given. */
export async function findGivenApplication(call: Call): Promise<{ application?: string }> {
  const given = option(call, 'app');
  return given === undefined ? {} : { application: await findApplication(call, given) };
}

/** For what is created: the application of `--app`, or the only one there is. */
export async function findHomeApplication(call: Call): Promise<string> {
  const { application } = await findGivenApplication(call);
  if (application !== undefined) return application;
  const { items } = await call.open().client.listApplications({ query: { limit: 2 } });
  const [only] = items;
  if (only && items.length === 1) return only.id;
  throw new CliError(
    only
      ? 'There are several applications: say in which one with --app.'
      : 'There is no application yet: `platte apps create NAME` makes one.',
  );
}

export async function findGroup(call: Call, text: string): Promise<string> {
  const { client } = call.open();
  const query = { ...(await findGivenApplication(call)), limit };
  const archs = new Map<string | null, string>();
  // A track is one group for each arch, and only the channel knows the arch.
  if (text.includes('/'))
    for await (const { id, arch } of eachItem(client.listChannels, { query })) archs.set(id, arch);
  return find('group', text, eachItem(client.listGroups, { query }), (group) =>
    toCandidate.group(group, archs.get(group.channel)),
  );
}

export async function findChannel(call: Call, text: string, application?: string): Promise<string> {
  const query = { ...(application === undefined ? await findGivenApplication(call) : { application }), limit };
  return find('channel', text, eachItem(call.open().client.listChannels, { query }), toCandidate.channel);
}

/** Among the packages of an application and arch, where they are known: then a version alone says which. */
export async function findPackage(
  call: Call,
  text: string,
  among: { application?: string; arch?: Package['arch'] } = {},
): Promise<string> {
  const query = { ...(await findGivenApplication(call)), ...among, limit };
  return find('package', text, eachItem(call.open().client.listPackages, { query }), toCandidate.package);
}
