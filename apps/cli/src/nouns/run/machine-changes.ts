// What people do to machines. Several in one command are done one after the other; the first refusal ends it.
import type { BodyOf, Client, Instance } from '@platte/api-contract';
import { argument, argumentsFrom, flag, option, type Call } from '../call.js';
import { goOnAfterPlan } from '../dry-run.js';
import { toLabel } from '../field-values.js';
import { confirm } from '../io.js';
import { printChange } from '../print/change.js';
import { toPlural } from '../print/words.js';
import { findGivenApplication } from '../resolve.js';

async function editMachine(call: Call, words: string, body: BodyOf<'editInstance'>): Promise<void> {
  const query = await findGivenApplication(call);
  const edited = await call.open().client.editInstance({ params: { id: argument(call, 0) }, query, body });
  printChange(call, words, edited);
}

export async function labelMachine(call: Call): Promise<void> {
  const labels = Object.fromEntries(argumentsFrom(call, 1).map((text) => toLabel(text)));
  await editMachine(call, `Labelled ${argument(call, 0)}.`, { labels });
}

export async function renameMachine(call: Call): Promise<void> {
  await editMachine(call, `Renamed ${argument(call, 0)}.`, { alias: argument(call, 1) });
}

interface Given {
  params: { id: string };
  query: { application?: string };
  body: { note: string };
}

async function eachMachine(
  call: Call,
  words: string,
  change: (client: Client, given: Given) => Promise<Instance>,
): Promise<void> {
  const query = await findGivenApplication(call);
  const body = { note: option(call, 'note') ?? '' };
  for (const id of argumentsFrom(call, 0)) {
    await goOnAfterPlan(async () => {
      printChange(call, `${words} ${id}.`, await change(call.open().client, { params: { id }, query, body }));
    });
  }
}

export async function holdMachines(call: Call): Promise<void> {
  await eachMachine(call, 'Held', (client, given) => client.holdInstance(given));
}

export async function releaseMachines(call: Call): Promise<void> {
  await eachMachine(call, 'Released', (client, given) => client.releaseInstance(given));
}

export async function forceMachines(call: Call): Promise<void> {
  await eachMachine(call, 'Forced the next grant of', (client, given) => client.forceInstance(given));
}

export async function cancelMachines(call: Call): Promise<void> {
  await eachMachine(call, 'Cancelled the attempt of', (client, given) => client.cancelInstance(given));
}

export async function retryMachines(call: Call): Promise<void> {
  await eachMachine(call, 'Forgot the failures of', (client, given) => client.retryInstance(given));
}

export async function deleteMachines(call: Call): Promise<void> {
  const ids = argumentsFrom(call, 0);
  const query = await findGivenApplication(call);
  const what = ids.length === 1 ? `machine ${ids[0]}` : toPlural(ids.length, 'machine');
  if (!flag(call, 'dryRun')) await confirm(call.io, `Forget ${what}?`, flag(call, 'yes'));
  for (const id of ids) {
    await goOnAfterPlan(async () => {
      await call.open().client.deleteInstance({ params: { id }, query });
      call.io.say(`Forgot ${id}.`);
    });
  }
}
