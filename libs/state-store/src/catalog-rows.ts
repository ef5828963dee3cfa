// The catalog's rows as the domain's nouns: one statement per table, all of one application. Deciding a command and
// building a snapshot read the same ones, each in its own transaction.
import type {
  Application,
  Blacklisting,
  Card,
  Channel,
  ChannelFloor,
  DeadEnd,
  Force,
  Group,
  GroupStop,
  Hold,
  Package,
  Rollout,
} from '@platte/rollout';
import type { QueryResultRow } from 'pg';
import type { Client } from './transaction.js';

type Changed = { changed: number };
export type ApplicationRow = Application & Changed;
export type PackageRow = Package & Changed;
export type ChannelRow = Channel & Changed;
export type GroupRow = Group & Changed & { revision: number };

const selectApplication = `
  select id, name, description, versioning, reboots, product_id as "productId", changed
  from application where id = $1`;

const packageColumns = `
  p.id, p.application, p.version, p.arch, p.type, p.url, p.filename, p.size, p.sha1, p.sha256, p.description, p.files,
  p.action, p.example, p.changed`;

const selectPackages = `select ${packageColumns} from package p where p.application = $1 order by p.id`;

/** Those that channels, floors and blacklists name: what judging needs. */
const selectNamedPackages = `
  select ${packageColumns} from package p
  where p.application = $1 and (
    exists (select from channel c where c.package = p.id)
    or exists (select from channel_mark m where m.package = p.id)
  )
  order by p.id`;

const selectChannels = `
  select id, application, name, color, arch, package, changed from channel where application = $1 order by id`;

const selectFloors = `
  select channel, package, reason from channel_mark where application = $1 and mark = 'floor' order by channel, package`;

const selectBlacklist = `
  select channel, package from channel_mark where application = $1 and mark = 'blacklisted' order by channel, package`;

const selectGroups = `
  select id, application, name, description, track, channel, policy, revision, changed
  from update_group where application = $1 order by id`;

const selectRollouts = `
  select r.id, r.update_group as "group", r.package, r.to_version as "toVersion", r.state, r.cause, r.salt, r.waves,
    r.open_wave as "openWave", r.started_at as "startedAt", r.earlier_leases_until as "earlierLeasesUntil"
  from update_group g join rollout r on r.id = g.rollout
  where g.application = $1`;

export type StopRow = GroupStop & { group: string };

const selectStops = `
  select s.update_group as "group", jsonb_build_object('kind', s.actor_kind, 'name', s.actor) as actor, s.at, s.note, s.switches_on as "switchesOn"
  from update_group g join group_stop s on s.update_group = g.id
  where g.application = $1`;

const selectDeadEnds = `select version, reason from dead_end where application = $1 order by version`;
const selectHolds = `select machine, note from machine_hold where application = $1 order by machine`;
const selectForces = `select machine, until from machine_force where application = $1 order by machine`;
const selectCard = `select machine, name, labels from machine_card where application = $1 and machine = $2`;

export async function readApplication(client: Client, id: string): Promise<ApplicationRow | undefined> {
  return (await rowsOf<ApplicationRow>(client, selectApplication, [id]))[0];
}

/** What the application is made of; `named` leaves out packages that nothing names. */
export async function readParts(client: Client, id: string, packages: 'all' | 'named') {
  return {
    packages: await rowsOf<PackageRow>(client, packages === 'all' ? selectPackages : selectNamedPackages, [id]),
    channels: await rowsOf<ChannelRow>(client, selectChannels, [id]),
    floors: await rowsOf<ChannelFloor>(client, selectFloors, [id]),
    blacklist: await rowsOf<Blacklisting>(client, selectBlacklist, [id]),
    groups: await rowsOf<GroupRow>(client, selectGroups, [id]),
    rollouts: await rowsOf<Rollout>(client, selectRollouts, [id]),
    stops: await rowsOf<StopRow>(client, selectStops, [id]),
    deadEnds: await rowsOf<DeadEnd>(client, selectDeadEnds, [id]),
    holds: await rowsOf<Hold>(client, selectHolds, [id]),
    forces: await rowsOf<Force>(client, selectForces, [id]),
  };
}

export async function readCard(client: Client, application: string, machine: string): Promise<Card | undefined> {
  return (await rowsOf<Card>(client, selectCard, [application, machine]))[0];
}

/** A row without what the domain's noun has not. */
export function withoutChanged<T extends { changed: number }>(row: T): Omit<T, 'changed'> {
  const { changed: _, ...noun } = row;
  return noun;
}

/** The columns of each statement are the fields of its type; the tests read every one of them back. */
export async function rowsOf<T extends QueryResultRow>(client: Client, text: string, values: unknown[]): Promise<T[]> {
  return (await client.query<T>(text, values)).rows;
}
