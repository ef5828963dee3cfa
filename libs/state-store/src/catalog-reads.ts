// The catalog for people: lists, paged, and single things, each with the revision that changed it last. Nothing is decided
// by these reads. A page begins after the key of the last item before it, which need not exist any more.
import type { Application, Channel, DeadEnd, Group, GroupStop, Package, Rollout } from '@platte/rollout';
import type pg from 'pg';

type Db = Pick<pg.Pool, 'query'>;

export type WithRevision<T> = T & { revision: number };
export type ChannelView = WithRevision<
  Channel & { floors: { package: string; reason: string }[]; blacklist: string[] }
>;
export type GroupView = WithRevision<Group & { rollout: Rollout | null; stop: GroupStop | null }>;
export type RolloutView = Rollout & { application: string };

/** `applications`: null is all. `limit` items at most. */
interface Listing<After> {
  applications: readonly string[] | null;
  limit: number;
  after?: After | undefined;
}
interface NameKey {
  name: string;
  id: string;
}

/**
 * Where a thing stands in its list, by names as people read them: application, name, arch. A page begins after the place of
 * the last item before it.
 */
type Place = readonly string[];
type Placed<T> = T & { place: Place };

const applicationColumns = `a.id, a.name, a.description, a.versioning, a.reboots, a.product_id as "productId", a.changed as revision`;

const selectApplications = `
  select ${applicationColumns} from application a
  where ($1::uuid[] is null or a.id = any ($1)) and ($2::text is null or (a.name, a.id) > ($2, $3::uuid))
  order by a.name, a.id
  limit $4`;

export function listApplications(
  db: Db,
  { applications, limit, after }: Listing<NameKey>,
): Promise<WithRevision<Application>[]> {
  return rowsOf(db, selectApplications, [applications, after?.name, after?.id, limit]);
}

const selectApplication = `select ${applicationColumns} from application a where a.id = $1`;

export function findApplication(db: Db, id: string): Promise<WithRevision<Application> | undefined> {
  return rowOf(db, selectApplication, [id]);
}

const selectDeadEnds = `select version, reason from dead_end where application = $1 order by version`;

export function listDeadEnds(db: Db, application: string): Promise<DeadEnd[]> {
  return rowsOf(db, selectDeadEnds, [application]);
}

const packageColumns = `p.id, p.application, p.version, p.arch, p.type, p.url, p.filename, p.size, p.sha1, p.sha256,
  p.description, p.files, p.action, p.example, p.changed as revision`;

/** 7.10.1 above 7.9.2, for people's lists; what may be granted is decided by libs/rollout's order. */
const versionKey = (version: string): string =>
  `string_to_array(substring(${version} from '^[0-9.]*[0-9]'), '.')::numeric[]`;

// Applications and archs upward, versions downward.
const selectPackages = `
  select ${packageColumns}, array[a.name, p.version, p.arch] as place
  from package p join application a on a.id = p.application
  where ($1::uuid[] is null or a.id = any ($1)) and ($2::text is null or p.arch = $2)
    and ($3::text is null or a.name > $3
      or (a.name = $3 and (${versionKey('p.version')}, p.version) < (${versionKey('$4::text')}, $4))
      or (a.name = $3 and p.version = $4 and p.arch > $5))
  order by a.name, ${versionKey('p.version')} desc, p.version desc, p.arch
  limit $6`;

/** The highest version first, application by application. */
export function listPackages(
  db: Db,
  { applications, arch, limit, after = [] }: Listing<Place> & { arch?: string | undefined },
): Promise<Placed<WithRevision<Package>>[]> {
  return rowsOf(db, selectPackages, [applications, arch, after[0], after[1], after[2], limit]);
}

const selectPackage = `select ${packageColumns} from package p where p.id = $1`;

export function findPackage(db: Db, id: string): Promise<WithRevision<Package> | undefined> {
  return rowOf(db, selectPackage, [id]);
}

const marks = (mark: string, value: string): string =>
  `coalesce((select jsonb_agg(${value} order by m.package) from channel_mark m where m.channel = c.id and m.mark = '${mark}'), '[]')`;

const channelColumns = `c.id, c.application, c.name, c.color, c.arch, c.package, c.changed as revision,
  ${marks('floor', `jsonb_build_object('package', m.package, 'reason', m.reason)`)} as floors,
  ${marks('blacklisted', 'm.package')} as blacklist`;

const selectChannels = `
  select ${channelColumns}, array[a.name, c.name, c.arch] as place
  from channel c join application a on a.id = c.application
  where ($1::uuid[] is null or a.id = any ($1))
    and ($2::text is null or (a.name, c.name, c.arch) > ($2, $3, $4))
  order by a.name, c.name, c.arch
  limit $5`;

export function listChannels(
  db: Db,
  { applications, limit, after = [] }: Listing<Place>,
): Promise<Placed<ChannelView>[]> {
  return rowsOf(db, selectChannels, [applications, after[0], after[1], after[2], limit]);
}

const selectChannel = `select ${channelColumns} from channel c where c.id = $1`;

export function findChannel(db: Db, id: string): Promise<ChannelView | undefined> {
  return rowOf(db, selectChannel, [id]);
}

const rolloutAsJson = `jsonb_build_object('id', r.id, 'group', r.update_group, 'package', r.package, 'toVersion', r.to_version,
  'state', r.state, 'cause', r.cause, 'salt', r.salt, 'waves', r.waves, 'openWave', r.open_wave, 'startedAt', r.started_at,
  'earlierLeasesUntil', r.earlier_leases_until)`;

const groupColumns = `g.id, g.application, g.name, g.description, g.track, g.channel, g.policy, g.changed as revision,
  (select ${rolloutAsJson} from rollout r where r.id = g.rollout) as rollout,
  (select jsonb_build_object('actor', jsonb_build_object('kind', s.actor_kind, 'name', s.actor), 'at', s.at, 'note', s.note, 'switchesOn', s.switches_on)
    from group_stop s where s.update_group = g.id) as stop`;

const selectGroups = `
  select ${groupColumns}, array[a.name, g.name] as place
  from update_group g join application a on a.id = g.application
  where ($1::uuid[] is null or a.id = any ($1)) and ($2::text is null or (a.name, g.name) > ($2, $3))
  order by a.name, g.name
  limit $4`;

export function listGroups(db: Db, { applications, limit, after = [] }: Listing<Place>): Promise<Placed<GroupView>[]> {
  return rowsOf(db, selectGroups, [applications, after[0], after[1], limit]);
}

const selectGroup = `select ${groupColumns} from update_group g where g.id = $1`;

export function findGroupView(db: Db, id: string): Promise<GroupView | undefined> {
  return rowOf(db, selectGroup, [id]);
}

const rolloutColumns = `r.id, r.update_group as "group", r.package, r.to_version as "toVersion", r.state, r.cause, r.salt, r.waves,
  r.open_wave as "openWave", r.started_at as "startedAt", r.earlier_leases_until as "earlierLeasesUntil", g.application`;

const selectRollouts = `
  select ${rolloutColumns} from rollout r join update_group g on g.id = r.update_group
  where ($1::uuid[] is null or g.application = any ($1))
    and ($2::uuid is null or r.update_group = $2)
    and ($3::text is null or r.state = $3)
    and ($4::bigint is null or (r.started_at, r.id) < ($4, $5::uuid))
  order by r.started_at desc, r.id desc
  limit $6`;

export interface RolloutKey {
  startedAt: number;
  id: string;
}

/** The newest first. */
export function listRollouts(
  db: Db,
  {
    applications,
    group,
    state,
    limit,
    after,
  }: Listing<RolloutKey> & { group?: string | undefined; state?: string | undefined },
): Promise<RolloutView[]> {
  return rowsOf(db, selectRollouts, [applications, group, state, after?.startedAt, after?.id, limit]);
}

const selectRollout = `
  select ${rolloutColumns} from rollout r join update_group g on g.id = r.update_group where r.id = $1`;

export function findRollout(db: Db, id: string): Promise<RolloutView | undefined> {
  return rowOf(db, selectRollout, [id]);
}

async function rowsOf<T>(db: Db, statement: string, parameters: unknown[]): Promise<T[]> {
  const { rows } = await db.query(
    statement,
    parameters.map((value) => value ?? null),
  );
  // The columns of each statement are the fields of its type; the tests read every one of them back.
  return rows as T[];
}

async function rowOf<T>(db: Db, statement: string, parameters: unknown[]): Promise<T | undefined> {
  const [row] = await rowsOf<T>(db, statement, parameters);
  return row;
}
