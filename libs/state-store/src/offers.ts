// The packages that go with the decisions. An open lease may be of a package that the snapshot no longer names.
import type { Decision, GrantDecision, IndexedGroup, Package } from '@platte/rollout';
import { rowsOf } from './catalog-rows.js';
import type { Client } from './transaction.js';

const readPackages = `
  select id, application, version, arch, type, url, filename, size, sha1, sha256, description, files, action, example
  from package where id = any($1::uuid[])`;

export async function toOffers(
  client: Client,
  group: IndexedGroup,
  decisions: readonly GrantDecision[],
): Promise<Decision[]> {
  const packages = await findPackages(client, group, decisions);
  return decisions.map((decision): Decision => {
    if (decision.kind === 'refuse') return { answer: decision.answer };
    if (decision.kind === 'grant') return { answer: decision.answer, offer: decision.package };
    const offer = packages.get(decision.package);
    return offer === undefined
      ? { answer: { reason: 'no-package', inputs: decision.answer.inputs } }
      : { answer: decision.answer, offer };
  });
}

async function findPackages(
  client: Client,
  group: IndexedGroup,
  decisions: readonly GrantDecision[],
): Promise<Map<string, Package>> {
  const known = new Map(group.steps.map((step) => [step.package.id, step.package]));
  const wanted = decisions.flatMap((decision) =>
    decision.kind === 're-offer' || decision.kind === 'reopen' ? [decision.package] : [],
  );
  const missing = [...new Set(wanted)].filter((id) => !known.has(id));
  if (missing.length === 0) return known;
  for (const pack of await rowsOf<Package>(client, readPackages, [missing])) known.set(pack.id, pack);
  return known;
}
