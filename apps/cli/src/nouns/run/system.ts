// What happened, who did it, what could not be read, who I am, how the platform is.
import { ActorKind } from '@platte/facts';
import { argument, flag, option, type Call } from '../call.js';
import { confirm } from '../io.js';
import { printItem, printList } from '../print/output.js';
import {
  activityColumns,
  changeColumns,
  describeRestore,
  parkedColumns,
  refusedColumns,
} from '../print/system-views.js';
import { findGivenApplication, findGroup } from '../resolve.js';
import { exitCodes } from '../../exit-codes.js';
import { groupNames } from './names.js';
import { readRows } from './rows.js';

async function readScope(call: Call): Promise<{ application?: string; group?: string }> {
  const group = option(call, 'group');
  return {
    ...(await findGivenApplication(call)),
    ...(group !== undefined && { group: await findGroup(call, group) }),
  };
}

function readRange(call: Call): { since?: string; until?: string } {
  const [since, until] = [option(call, 'since'), option(call, 'until')];
  return { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
}

export async function listActivity(call: Call): Promise<void> {
  const query = { ...(await readScope(call)), ...readRange(call) };
  const [items, groups] = await Promise.all([
    readRows(call, call.open().client.listActivity, { query }),
    groupNames(call),
  ]);
  printList(call, items, activityColumns(groups), ({ id }) => id);
}

export async function listAudit(call: Call): Promise<void> {
  const [subject, actor] = [option(call, 'subject'), option(call, 'actor')];
  const actorKind = ActorKind.optional().parse(option(call, 'actor-kind'));
  const query = {
    ...(await readScope(call)),
    ...readRange(call),
    ...(subject && { subject }),
    ...(actor && { actor }),
    ...(actorKind && { actorKind }),
  };
  printList(call, await readRows(call, call.open().client.listAudit, { query }), changeColumns, ({ id }) => id);
}

export async function listRefused(call: Call): Promise<void> {
  const limit = Number(call.options['limit']) || 500;
  const { items } = await call.open().client.listRefusedRequests({ query: { limit } });
  printList(call, items, refusedColumns, ({ at }) => at);
}

export async function listParked(call: Call): Promise<void> {
  const items = await readRows(call, call.open().client.listParkedMessages, { query: {} });
  printList(call, items, parkedColumns, ({ id }) => String(id));
}

export async function retryParked(call: Call): Promise<void> {
  const id = argument(call, 0);
  await call.open().client.retryParkedMessage({ params: { id } });
  call.io.say(`Message ${id} is in the log again.`);
}

export async function dropParked(call: Call): Promise<void> {
  const id = argument(call, 0);
  if (!flag(call, 'dryRun')) await confirm(call.io, `Drop message ${id} for good?`, flag(call, 'yes'));
  await call.open().client.dropParkedMessage({ params: { id } });
  call.io.say(`Dropped message ${id}.`);
}

export async function showRestore(call: Call): Promise<void> {
  const restore = await call.open().client.getRestore();
  printItem(call, restore, describeRestore, ({ state }) => state);
}

export async function applyRestore(call: Call): Promise<void> {
  const { client } = call.open();
  const { changes } = await client.getRestore();
  const count = changes.filter(({ applies, outcome }) => applies && outcome !== 'applied').length;
  const question = `Make ${count} changes again, and let grants go on?`;
  if (!flag(call, 'dryRun')) await confirm(call.io, question, flag(call, 'yes'));
  const restore = await client.applyRestore({ body: { acceptRefused: flag(call, 'acceptRefused') } });
  printItem(call, restore, describeRestore, ({ state }) => state);
  call.io.say('Grants go on.');
}

export async function showMe(call: Call): Promise<void> {
  const me = await call.open().client.getMe();
  const fields = [
    ['Name', me.name],
    ['Kind', me.kind],
    ['Role', me.role],
    ['Applications', me.applications?.join('\n') ?? 'all'],
    ['Expires', me.expires ?? 'never'],
  ] as const;
  printItem(
    call,
    me,
    () => fields,
    ({ name }) => name,
  );
}

/** @returns 1 when something is not well, for scripts that watch it */
export async function showStatus(call: Call): Promise<number> {
  const { client, target } = call.open();
  const [health, version] = await Promise.all([client.getHealth(), client.getVersion()]);
  const checks = Object.entries(health.checks).map(([name, { status }]) => `${name} ${status}`);
  const fields = [
    ['Server', target.server],
    ['From', target.from],
    ['Version', `${version.version} (API ${version.api}, Node ${version.node})`],
    ['Health', health.status],
    ['Checks', checks.join('\n')],
  ] as const;
  printItem(
    call,
    { server: target.server, ...version, health },
    () => fields,
    ({ server }) => server,
  );
  return health.status === 'ok' ? exitCodes.ok : exitCodes.failed;
}
