// `platte rollouts …`
import { ApiError, ConnectionError, type Breakdown, type Rollout } from '@platte/api-contract';
import { exitCodes } from '../../exit-codes.js';
import { argument, option, type Call } from '../call.js';
import { CliError } from '../cli-error.js';
import { rolloutColumns, rolloutFields } from '../print/catalog-views.js';
import { printChange } from '../print/change.js';
import { printItem, printList } from '../print/output.js';
import { findGivenApplication, findGroup } from '../resolve.js';
import { applicationNames, groupNames } from './names.js';
import { readRows } from './rows.js';

const idOf = ({ id }: { id: string }): string => id;

export async function listRollouts(call: Call): Promise<void> {
  const group = option(call, 'group');
  const state = option(call, 'state') as Rollout['state'] | undefined;
  const query = {
    ...(await findGivenApplication(call)),
    ...(group !== undefined && { group: await findGroup(call, group) }),
    ...(state && { state }),
  };
  const [items, groups] = await Promise.all([
    readRows(call, call.open().client.listRollouts, { query }),
    groupNames(call),
  ]);
  printList(call, items, rolloutColumns(groups), idOf);
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A rollout by its id, or the one that a group has now. */
async function findRollout(call: Call): Promise<string> {
  const text = argument(call, 0);
  if (uuid.test(text)) return text;
  const { name, rollout } = await call.open().client.getGroup({ params: { id: await findGroup(call, text) } });
  if (rollout) return rollout.id;
  throw new CliError(
    `Group ${name} has no rollout now: its channel offers nothing, or updates are off.`,
    exitCodes.notFound,
  );
}

export async function getRollout(call: Call): Promise<void> {
  const id = await findRollout(call);
  const [item, names, groups] = await Promise.all([
    call.open().client.getRollout({ params: { id } }),
    applicationNames(call),
    groupNames(call),
  ]);
  printItem(call, item, rolloutFields(names, groups, await findBreakdown(call, item)), idOf);
}

/** For people only; a rollout is shown also while the history is away. */
async function findBreakdown(call: Call, { group, state }: Rollout): Promise<Breakdown | undefined> {
  if (state === 'superseded' || call.options['output'] !== 'table') return undefined;
  try {
    return await call.open().client.getGroupBreakdown({ params: { id: group } });
  } catch (error) {
    if (error instanceof ApiError || error instanceof ConnectionError) return undefined;
    throw error;
  }
}

const because = (call: Call): { note: string } => ({ note: option(call, 'note') ?? '' });

export async function startRollout(call: Call): Promise<void> {
  const id = await findGroup(call, argument(call, 0));
  const started = await call.open().client.startRollout({ params: { id }, body: because(call) });
  printChange(call, `Started the rollout to ${started.toVersion} (${started.id}).`, started);
}

export async function pauseRollout(call: Call): Promise<void> {
  const params = { id: await findRollout(call) };
  const changed = await call.open().client.pauseRollout({ params, body: because(call) });
  printChange(call, `Paused the rollout to ${changed.toVersion}.`, changed);
}

export async function resumeRollout(call: Call): Promise<void> {
  const params = { id: await findRollout(call) };
  const changed = await call.open().client.resumeRollout({ params, body: because(call) });
  printChange(call, `Resumed the rollout to ${changed.toVersion}.`, changed);
}

export async function haltRollout(call: Call): Promise<void> {
  const params = { id: await findRollout(call) };
  const changed = await call.open().client.haltRollout({ params, body: because(call) });
  printChange(call, `Halted the rollout to ${changed.toVersion}.`, changed);
}
