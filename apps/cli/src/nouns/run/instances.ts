// `platte instances …` and `platte why`: what is known of machines.
import type { QueryOf } from '@platte/api-contract';
import { argument, flag, option, type Call } from '../call.js';
import { historyColumns, instanceColumns, instanceFields, whyFields } from '../print/machine-views.js';
import { printItem, printList } from '../print/output.js';
import { findChannel, findGivenApplication, findGroup } from '../resolve.js';
import { applicationNames, groupNames } from './names.js';
import { readRows } from './rows.js';

const filterNames = [
  'search',
  'version',
  'status',
  'reason',
  'arch',
  'oem',
  'ip',
  'errorCode',
  'seenWithin',
  'seenSince',
  'silentFor',
  'notSeenSince',
  'label',
  'sort',
] as const;

async function readFilters(call: Call): Promise<QueryOf<'listGroupInstances'>> {
  const given = filterNames.map((name) => [name, option(call, name)] as const);
  const channel = option(call, 'channel');
  return {
    ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    ...(channel !== undefined && { channel: await findChannel(call, channel) }),
  };
}

async function readSearch(call: Call) {
  const group = option(call, 'group');
  return {
    ...(await readFilters(call)),
    ...(await findGivenApplication(call)),
    ...(group !== undefined && { group: await findGroup(call, group) }),
  };
}

export async function countInstances(call: Call): Promise<void> {
  const counted = await call.open().client.countInstances({ query: await readSearch(call) });
  printItem(
    call,
    counted,
    () => [],
    ({ count }) => String(count),
  );
}

export async function listInstances(call: Call): Promise<void> {
  const query = await readSearch(call);
  const [items, groups] = await Promise.all([
    readRows(call, call.open().client.listInstances, { query }),
    groupNames(call),
  ]);
  printList(call, items, instanceColumns(groups), ({ id }) => id);
}

export async function listGroupInstances(call: Call): Promise<void> {
  const id = await findGroup(call, argument(call, 0));
  const query = await readFilters(call);
  const [items, groups] = await Promise.all([
    readRows(call, call.open().client.listGroupInstances, { params: { id }, query }),
    groupNames(call),
  ]);
  printList(call, items, instanceColumns(groups), (machine) => machine.id);
}

export async function getInstance(call: Call): Promise<void> {
  const given = { params: { id: argument(call, 0) }, query: await findGivenApplication(call) };
  const [item, names, groups] = await Promise.all([
    call.open().client.getInstance(given),
    applicationNames(call),
    groupNames(call),
  ]);
  printItem(call, item, instanceFields(names, groups), ({ id }) => id);
}

export async function listHistory(call: Call): Promise<void> {
  const all = flag(call, 'all') ? { all: 'true' } : {};
  const given = { params: { id: argument(call, 0) }, query: { ...(await findGivenApplication(call)), ...all } };
  const [items, groups] = await Promise.all([
    readRows(call, call.open().client.getInstanceHistory, given),
    groupNames(call),
  ]);
  printList(call, items, historyColumns(groups), ({ at }) => at);
}

export async function explainMachine(call: Call): Promise<void> {
  const given = { params: { id: argument(call, 0) }, query: await findGivenApplication(call) };
  const [answer, names, groups] = await Promise.all([
    call.open().client.getInstanceAnswer(given),
    applicationNames(call),
    groupNames(call),
  ]);
  printItem(call, answer, whyFields(names, groups), ({ answer: { reason } }) => reason);
}
