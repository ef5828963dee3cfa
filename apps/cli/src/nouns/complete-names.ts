// What a shell asks while somebody types: the names that a word can be completed to, one a line. Whatever goes wrong is silent,
// and nobody waits for a platform that is away: a shell that hangs on a key is worse than one that knows nothing.
import { resolve } from 'node:path';
import { makeClient, pageLimitMax, type Client } from '@platte/api-contract';
import { findHidden } from '@platte/rollout';
import { readRunFile } from '../up/run-file.js';
import type { Asked, NameKind } from './named-words.js';
import { contextsPath, readContexts } from './contexts.js';
import { pick, toCandidate, type Candidate } from './resolve.js';
import { chooseTarget } from './target.js';

const waitMsMax = 1500;
/** More than a person looks through. */
const namesMax = 200;

/** @returns what fits: names where they are one thing's alone, else ids */
export async function completeNames({ kind, options }: Asked, current: string): Promise<string[]> {
  const typed = unquote(current);
  try {
    const candidates = kind === 'context' ? listContextNames() : await listCandidates(connect(options), kind, options);
    return matching(candidates, typed).slice(0, namesMax);
  } catch {
    return [];
  }
}

function connect(options: Record<string, string>): Client {
  const { server, token } = chooseTarget({
    flags: options,
    env: process.env,
    contexts: readContexts(contextsPath(process.env)),
    readRun: (data) => readRunFile(resolve(data)),
  });
  return makeClient({ url: server, timeoutMs: waitMsMax, ...(token !== undefined && { token }) });
}

function listContextNames(): Candidate[] {
  const { contexts } = readContexts(contextsPath(process.env));
  return contexts.map(({ name }) => ({ id: name, names: [name], about: '' }));
}

async function listCandidates(
  client: Client,
  kind: Exclude<NameKind, 'context'>,
  { app }: Record<string, string>,
): Promise<Candidate[]> {
  const page = { limit: pageLimitMax };
  const ofApp = async () => {
    if (app === undefined) return page;
    const { items } = await client.listApplications({ query: page });
    return { ...page, application: pick('application', unquote(app), items.map(toCandidate.application)) };
  };
  switch (kind) {
    case 'application':
      return (await client.listApplications({ query: page })).items.map(toCandidate.application);
    case 'group':
      return (await client.listGroups({ query: await ofApp() })).items.map((group) => toCandidate.group(group));
    case 'channel':
      return (await client.listChannels({ query: await ofApp() })).items.map(toCandidate.channel);
    case 'package':
      return (await client.listPackages({ query: await ofApp() })).items.map(toCandidate.package);
    case 'rollout':
      return listRollouts(client, await ofApp());
  }
}

/** A rollout is called by its id, or by the group whose rollout of now it is. */
async function listRollouts(client: Client, query: { limit: number; application?: string }): Promise<Candidate[]> {
  const [groups, rollouts] = await Promise.all([client.listGroups({ query }), client.listRollouts({ query })]);
  return [
    ...groups.items.filter(({ rollout }) => rollout !== null).map((group) => toCandidate.group(group)),
    ...rollouts.items.map(({ id }) => ({ id, names: [], about: '' })),
  ];
}

/** Names first, or the ids of those that share one; other ids only where somebody has begun to type one. */
function matching(candidates: readonly Candidate[], typed: string): string[] {
  // What steers a terminal is not offered to one: it is still found by its id.
  const isWanted = (text: string): boolean =>
    text.toLowerCase().startsWith(typed.toLowerCase()) && findHidden(text).length === 0;
  const named = candidates.filter(({ names }) => names.length > 0);
  const isShared = (name: string): boolean => named.filter(({ names }) => names[0] === name).length > 1;
  const offered = named.map(({ id, names: [name = ''] }) => (isShared(name) ? id : name));
  const found = offered.filter(isWanted);
  return found.length > 0 ? found : candidates.map(({ id }) => id).filter(isWanted);
}

/** As the shell has it: `"Flatcar Con`, `Flatcar\ Con`. */
function unquote(word: string): string {
  return word.replace(/^["']/, '').replaceAll(/\\(.)/g, '$1');
}
