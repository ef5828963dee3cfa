// `platte packages …`
import { type BodyOf, type Package, type QueryOf } from '@platte/api-contract';
import { argument, argumentsFrom, flag, option, type Call } from '../call.js';
import { CliError } from '../cli-error.js';
import { goOnAfterPlan } from '../dry-run.js';
import { confirm } from '../io.js';
import { packageColumns, packageFields } from '../print/catalog-views.js';
import { printChange } from '../print/change.js';
import { printItem, printList } from '../print/output.js';
import { byNumbers } from '../print/series.js';
import { toPlural } from '../print/words.js';
import { findGivenApplication, findHomeApplication, findPackage } from '../resolve.js';
import { readBody, readChanges } from './body.js';
import { applicationNames } from './names.js';
import { readAll } from './rows.js';

const idOf = ({ id }: { id: string }): string => id;
const label = ({ version, arch }: Pick<Package, 'version' | 'arch'>): string => `${version}/${arch}`;

export async function listPackages(call: Call): Promise<void> {
  const arch = option(call, 'arch') as Package['arch'] | undefined;
  const query: QueryOf<'listPackages'> = { ...(await findGivenApplication(call)), ...(arch && { arch }) };
  const [items, names] = await Promise.all([
    readAll(call.open().client.listPackages, { query }),
    applicationNames(call),
  ]);
  printList(call, items, packageColumns(names), idOf);
}

async function readNamed(call: Call, text: string): Promise<Package> {
  const id = await findPackage(call, text);
  return call.open().client.getPackage({ params: { id } });
}

export async function getPackage(call: Call): Promise<void> {
  const [item, names] = await Promise.all([readNamed(call, argument(call, 0)), applicationNames(call)]);
  printItem(call, item, packageFields(names), idOf);
}

export async function createPackage(call: Call): Promise<void> {
  const given = readBody(call);
  const application = given['application'] ?? (await findHomeApplication(call));
  const made = await call.open().client.createPackage({ body: { ...given, application } as BodyOf<'createPackage'> });
  printChange(call, `Created package ${label(made)} (${made.id}).`, made);
}

export async function updatePackage(call: Call): Promise<void> {
  const body = readChanges(call) as BodyOf<'editPackage'>;
  const { id, revision } = await readNamed(call, argument(call, 0));
  const edited = await call.open().client.editPackage({ params: { id }, ifMatch: revision, body });
  printChange(call, `Edited package ${label(edited)}.`, edited);
}

export async function deletePackages(call: Call): Promise<void> {
  const texts = argumentsFrom(call, 0);
  if (flag(call, 'examples') === texts.length > 0)
    throw new CliError('Name the packages to delete, or --examples for those of a first start.');
  if (flag(call, 'examples')) return deleteExamples(call);
  const named: Package[] = [];
  for (const text of texts) named.push(await readNamed(call, text));
  if (!flag(call, 'dryRun')) await confirm(call.io, `Delete ${named.map(label).join(', ')}?`, flag(call, 'yes'));
  const { client } = call.open();
  for (const { id, revision, ...one } of named)
    await goOnAfterPlan(async () => {
      await client.deletePackage({ params: { id }, ifMatch: revision });
      call.io.say(`Deleted package ${label(one)}.`);
    });
}

async function deleteExamples(call: Call): Promise<void> {
  const { client } = call.open();
  const packages = await readAll(client.listPackages, { query: await findGivenApplication(call) });
  const examples = packages.filter(({ example }) => example);
  if (examples.length === 0) return call.io.say('There are no example packages.');
  const names = examples.map(label).toSorted(byNumbers).join(', ');
  if (!flag(call, 'dryRun')) await confirm(call.io, `Delete the examples ${names}?`, flag(call, 'yes'));
  for (const id of new Set(examples.map(({ application }) => application)))
    await goOnAfterPlan(() => client.removeExamplePackages({ params: { id } }));
  if (!flag(call, 'dryRun')) call.io.say(`Deleted ${toPlural(examples.length, 'example package')}: ${names}.`);
}
