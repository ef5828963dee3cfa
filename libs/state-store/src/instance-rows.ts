// The statements of `instance`, and its row as people and policy read it.
import type { Arch } from '@platte/facts';
import type { MachineStatus } from '@platte/fleet';
import type { Pool } from 'pg';
import { toArrayLiteral, toColumns } from './array-literal.js';
import type { Statement } from './statement.js';

export interface InstanceRow {
  application: string;
  machine: string;
  version: string;
  group: string | null;
  track: string;
  ip: string;
  alias: string;
  oem: string;
  oemVersion: string;
  aleph: string;
  arch: Arch;
  bootId: string;
  firstSeenAt: number;
  seenAt: number;
  seenN: number;
  status: MachineStatus;
  statusAt: number;
  statusN: number;
  /** Of the check-in that told the alias; null: not known. */
  aliasAt: number | null;
  aliasN: number | null;
}

/** What a batch of facts tells of one machine: null where none of them says it. */
export interface InstanceNews extends Pick<InstanceRow, 'application' | 'machine'> {
  seen: Pick<InstanceRow, 'version' | 'group' | 'arch' | 'oem' | 'bootId' | 'firstSeenAt' | 'seenAt' | 'seenN'> | null;
  /** Only a check-in says it. */
  report: Pick<InstanceRow, 'track' | 'ip' | 'oemVersion' | 'aleph'> | null;
  /** The newest that is not empty; the empty one where the machine was deleted since. */
  alias: Pick<InstanceRow, 'alias' | 'aliasAt' | 'aliasN'> | null;
  status: Pick<InstanceRow, 'status' | 'statusAt' | 'statusN'> | null;
}

export const instanceColumns = `
  i.application, i.machine, i.version, i.update_group as "group", i.track, i.ip, i.alias, i.oem,
  i.oem_version as "oemVersion", i.aleph, i.arch, i.boot_id as "bootId", i.first_seen_at as "firstSeenAt",
  i.seen_at as "seenAt", i.seen_n as "seenN", i.status, i.status_at as "statusAt", i.status_n as "statusN",
  i.alias_at as "aliasAt", i.alias_n as "aliasN"`;

const readInstances = `
  select ${instanceColumns}
  from unnest($1::uuid[], $2::text[]) as k (application, machine)
  join instance i on i.application = k.application and i.machine = k.machine`;

const columns = `
  application, machine, version, update_group, arch, oem, boot_id, first_seen_at, seen_at, seen_n, track, ip, oem_version,
  aleph, alias, alias_at, alias_n, status, status_at, status_n`;
const arrays = `
  $1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[],
  $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bigint[], $17::bigint[], $18::text[],
  $19::bigint[], $20::bigint[]`;

const insertInstances = `
  insert into instance (${columns})
  select application, machine, version, update_group, arch, oem, boot_id, first_seen_at, seen_at, seen_n,
    coalesce(track, ''), coalesce(ip, ''), coalesce(oem_version, ''), coalesce(aleph, ''), coalesce(alias, ''), alias_at, alias_n,
    coalesce(status, 'unknown'), coalesce(status_at, 0), coalesce(status_n, 0)
  from unnest(${arrays}) as n (${columns})
  on conflict do nothing
  returning application, machine`;

// What the machine says is taken from the newest fact it sent; the status from the newest that brings one.
const seen = (column: string) =>
  `${column} = case when (n.seen_at, n.seen_n) > (i.seen_at, i.seen_n) then coalesce(n.${column}, i.${column}) else i.${column} end`;
// The alias of a row from before `alias_at` is at least as old as what the row was last seen with.
const isNewerAlias = `(n.alias_at, n.alias_n) > (
  coalesce(i.alias_at, case when i.alias = '' then 0 else i.seen_at end), coalesce(i.alias_n, case when i.alias = '' then 0 else i.seen_n end))`;
const told = (column: string) => `${column} = case when ${isNewerAlias} then n.${column} else i.${column} end`;
const updateInstances = `
  update instance i set
    ${['alias', 'alias_at', 'alias_n'].map(told).join(', ')},
    ${['version', 'arch', 'oem', 'boot_id', 'track', 'ip', 'oem_version', 'aleph'].map(seen).join(', ')},
    update_group = case when (n.seen_at, n.seen_n) > (i.seen_at, i.seen_n) then n.update_group else i.update_group end,
    first_seen_at = least(i.first_seen_at, n.first_seen_at),
    seen_at = greatest(i.seen_at, n.seen_at),
    seen_n = case when (n.seen_at, n.seen_n) > (i.seen_at, i.seen_n) then n.seen_n else i.seen_n end,
    status = case when (n.status_at, n.status_n) > (i.status_at, i.status_n) then n.status else i.status end,
    status_at = greatest(i.status_at, n.status_at),
    status_n = case when (n.status_at, n.status_n) > (i.status_at, i.status_n) then n.status_n else i.status_n end
  from unnest(${arrays}) as n (${columns})
  where i.application = n.application and i.machine = n.machine`;

type Key = Pick<InstanceRow, 'application' | 'machine'>;

export function toReadInstances(keys: readonly Key[]): Statement {
  return { name: 'read-instances', text: readInstances, values: toKeys(keys) };
}

/** Rows that another replica inserted meanwhile are left alone: those that do come back are the ones made. */
export function toInsertInstances(news: readonly InstanceNews[]): Statement {
  return { name: 'insert-instances', text: insertInstances, values: toArrays(news) };
}

export function toUpdateInstances(news: readonly InstanceNews[]): Statement {
  return { name: 'update-instances', text: updateInstances, values: toArrays(news) };
}

function toKeys(keys: readonly Key[]): string[] {
  return toColumns(keys, ['application', 'machine']);
}

function toArrays(news: readonly InstanceNews[]): string[] {
  const seenKeys = ['version', 'group', 'arch', 'oem', 'bootId', 'firstSeenAt', 'seenAt', 'seenN'] as const;
  const reportKeys = ['track', 'ip', 'oemVersion', 'aleph'] as const;
  const aliasKeys = ['alias', 'aliasAt', 'aliasN'] as const;
  const statusKeys = ['status', 'statusAt', 'statusN'] as const;
  return [
    ...toKeys(news),
    ...seenKeys.map((key) => toArrayLiteral(news.map(({ seen }) => seen?.[key] ?? null))),
    ...reportKeys.map((key) => toArrayLiteral(news.map(({ report }) => report?.[key] ?? null))),
    ...aliasKeys.map((key) => toArrayLiteral(news.map(({ alias }) => alias?.[key] ?? null))),
    ...statusKeys.map((key) => toArrayLiteral(news.map(({ status }) => status?.[key] ?? null))),
  ];
}

const readInstance = `select ${instanceColumns} from instance i where i.application = $1 and i.machine = $2`;

/** One machine's row, for people; undefined: it never checked in. Its last seen is up to a day old. */
export async function findInstance(
  db: Pick<Pool, 'query'>,
  application: string,
  machine: string,
): Promise<InstanceRow | undefined> {
  const { rows } = await db.query<InstanceRow>(readInstance, [application, machine]);
  return rows[0];
}
