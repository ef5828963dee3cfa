// Reads the state that a command is decided on.
import {
  type Application,
  type ApplicationState,
  type CatalogCommand,
  type CatalogState,
  type Group,
  noCatalog,
} from '@platte/rollout';
import { type GroupRow, readApplication, readCard, readParts, rowsOf, withoutChanged } from './catalog-rows.js';
import type { Client } from './transaction.js';

const selectNames = `select id, name, product_id as "productId" from application`;

const countLeases = `
  select c.update_group as "group", c.open_leases as "openLeases"
  from update_group g join grant_counter c on c.update_group = g.id
  where g.application = $1`;

const countUnderWay = `
  select package, count(*)::int as attempts from attempt where application = $1 and due_at is not null group by package`;

const findMachineGroups = `
  select distinct "group" from (
    select update_group as "group" from attempt where application = $1 and machine = $2 and stage <> 'ended'
    union all
    select update_group from instance where application = $1 and machine = $2
  ) g where "group" is not null`;

const findMachine = `
  select exists (select from attempt a where a.application = $1 and a.machine = $2 and a.stage <> 'ended') as "hasOpenAttempt"
  where exists (select from instance i where i.application = $1 and i.machine = $2)
    or exists (select from attempt a where a.application = $1 and a.machine = $2)`;

/** Takes no lock. */
export async function readState(client: Client, command: CatalogCommand): Promise<CatalogState> {
  const isCreation = command.kind === 'CreateApplication';
  const id = isCreation ? command.cloneOf : command.application;
  const names = await rowsOf<Pick<Application, 'id' | 'name' | 'productId'>>(client, selectNames, []);
  const state = id === undefined ? null : await readApplicationState(client, id, command);
  const applications = new Map(names.map((application) => [application.id, application]));
  return isCreation
    ? { ...noCatalog, applications, source: state }
    : { ...noCatalog, applications, application: state };
}

async function readApplicationState(
  client: Client,
  id: string,
  command: CatalogCommand,
): Promise<ApplicationState | null> {
  const machine = 'machine' in command ? command.machine : null;
  const found = await readApplication(client, id);
  if (found === undefined) return null;
  const parts = await readParts(client, id, 'all');
  return {
    application: withoutChanged(found),
    packages: byId(parts.packages),
    channels: byId(parts.channels),
    floors: parts.floors,
    blacklist: parts.blacklist,
    groups: byId(parts.groups.map(toGroup)),
    rollouts: new Map(parts.rollouts.map((rollout) => [rollout.group, rollout])),
    stops: new Map(parts.stops.map(({ group, ...stop }) => [group, stop])),
    openLeases: await readOpenLeases(client, id),
    underWay: deletesPackages(command) ? await readUnderWay(client, id) : new Map(),
    deadEnds: new Map(parts.deadEnds.map((deadEnd) => [deadEnd.version, deadEnd])),
    holds: new Map(parts.holds.map((hold) => [hold.machine, hold])),
    forces: new Map(parts.forces.map((force) => [force.machine, force])),
    cards: await readCards(client, id, machine),
    machines: await readMachines(client, id, machine),
    machineGroups: machine === null ? [] : await readMachineGroups(client, id, machine),
    changed: new Map([
      [id, found.changed],
      ...[...parts.packages, ...parts.channels, ...parts.groups].map((row) => [row.id, row.changed] as const),
    ]),
  };
}

async function readOpenLeases(client: Client, application: string): Promise<Map<string, number>> {
  const rows = await rowsOf<{ group: string; openLeases: number }>(client, countLeases, [application]);
  return new Map(rows.map((row) => [row.group, row.openLeases]));
}

function deletesPackages({ kind }: CatalogCommand): boolean {
  return kind === 'DeletePackage' || kind === 'RemoveExamplePackages';
}

async function readUnderWay(client: Client, application: string): Promise<Map<string, number>> {
  const rows = await rowsOf<{ package: string; attempts: number }>(client, countUnderWay, [application]);
  return new Map(rows.map((row) => [row.package, row.attempts]));
}

async function readCards(
  client: Client,
  application: string,
  machine: string | null,
): Promise<ApplicationState['cards']> {
  const card = machine === null ? undefined : await readCard(client, application, machine);
  return new Map(card && [[card.machine, card]]);
}

async function readMachines(
  client: Client,
  application: string,
  machine: string | null,
): Promise<ApplicationState['machines']> {
  if (machine === null) return new Map();
  const rows = await rowsOf<{ hasOpenAttempt: boolean }>(client, findMachine, [application, machine]);
  return new Map(rows.map((row) => [machine, row]));
}

async function readMachineGroups(client: Client, application: string, machine: string): Promise<string[]> {
  return (await rowsOf<{ group: string }>(client, findMachineGroups, [application, machine])).map(({ group }) => group);
}

function toGroup(row: GroupRow): Group & { changed: number } {
  const { revision: _, ...group } = row;
  return group;
}

function byId<T extends { id: string; changed: number }>(rows: readonly T[]): Map<string, Omit<T, 'changed'>> {
  return new Map(rows.map((row) => [row.id, withoutChanged(row)]));
}
