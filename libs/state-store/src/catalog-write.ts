// Writes one change of the catalog: the rows that it makes, changes or takes away.
import type { CatalogChange, Channel, Group, GroupStop, Package, Rollout } from '@platte/rollout';
import type { Client } from './transaction.js';

// What is new is inserted plainly: an id that another application's thing has must fail, not change that thing.
const insertApplication = `
  insert into application (id, name, description, versioning, reboots, product_id, changed)
  values ($1, $2, $3, $4, $5, $6, $7)`;
const writeApplication = `${insertApplication}
  on conflict (id) do update set
    name = excluded.name, description = excluded.description, versioning = excluded.versioning,
    reboots = excluded.reboots, product_id = excluded.product_id, changed = excluded.changed`;

const insertPackage = `
  insert into package (
    id, application, version, arch, type, url, filename, size, sha1, sha256, description, files, action, example, changed
  )
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`;
const writePackage = `${insertPackage}
  on conflict (id) do update set
    type = excluded.type, url = excluded.url, filename = excluded.filename, size = excluded.size, sha1 = excluded.sha1,
    sha256 = excluded.sha256, description = excluded.description, files = excluded.files, action = excluded.action,
    changed = excluded.changed`;

const insertChannel = `
  insert into channel (id, application, name, color, arch, package, changed)
  values ($1, $2, $3, $4, $5, $6, $7)`;
const writeChannel = `${insertChannel}
  on conflict (id) do update set
    name = excluded.name, color = excluded.color, package = excluded.package, changed = excluded.changed`;

const upsertMark = `
  insert into channel_mark (channel, package, application, arch, mark, reason)
  select c.id, $2, c.application, c.arch, $3, $4 from channel c where c.id = $1
  on conflict (channel, package) do update set reason = excluded.reason`;

const deleteMark = `delete from channel_mark where channel = $1 and package = $2`;
const touchChannel = `update channel set changed = $2 where id = $1`;

const insertGroup = `
  insert into update_group (id, application, name, description, track, channel, arch, policy, revision, changed)
  values ($1, $2, $3, $4, $5, $6, (select arch from channel where id = $6), $7, $8, $8)`;
const writeGroup = `${insertGroup}
  on conflict (id) do update set
    name = excluded.name, description = excluded.description, track = excluded.track, channel = excluded.channel,
    arch = excluded.arch, policy = excluded.policy, changed = excluded.changed`;

/** One that is there stays. */
const insertStop = `
  insert into group_stop (update_group, actor, actor_kind, at, note, switches_on) values ($1, $2, $3, $4, $5, $6)
  on conflict (update_group) do nothing`;
const deleteStop = `delete from group_stop where update_group = $1`;

const upsertRollout = `
  insert into rollout (
    id, update_group, package, to_version, state, cause, salt, waves, open_wave, started_at, earlier_leases_until
  )
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  on conflict (id) do update set state = excluded.state, cause = excluded.cause, open_wave = excluded.open_wave`;

const startRollout = `update update_group set rollout = $2 where id = $1`;
const touchGroup = `update update_group set changed = $2 where id = $1`;

const upsertDeadEnd = `
  insert into dead_end (application, version, reason) values ($1, $2, $3)
  on conflict (application, version) do update set reason = excluded.reason`;

const upsertHold = `
  insert into machine_hold (application, machine, note) values ($1, $2, $3)
  on conflict (application, machine) do update set note = excluded.note`;

const upsertForce = `
  insert into machine_force (application, machine, until) values ($1, $2, $3)
  on conflict (application, machine) do update set until = excluded.until`;

const upsertCard = `
  insert into machine_card (application, machine, name, labels) values ($1, $2, $3, $4)
  on conflict (application, machine) do update set name = excluded.name, labels = excluded.labels`;

const deleteById = {
  application: `delete from application where id = $1`,
  package: `delete from package where id = $1`,
  channel: `delete from channel where id = $1`,
  group: `delete from update_group where id = $1`,
  'dead-end': `delete from dead_end where application = $1 and version = $2`,
  hold: `delete from machine_hold where application = $1 and machine = $2`,
  force: `delete from machine_force where application = $1 and machine = $2`,
  card: `delete from machine_card where application = $1 and machine = $2`,
};

/** @param revision the catalog's: what changed now changed with it */
export async function writeChange(client: Client, change: CatalogChange, revision: number): Promise<void> {
  const { application, subject } = change;
  switch (change.of) {
    case 'application': {
      if (change.after === null) return run(client, deleteById.application, [subject]);
      const { id, name, description, versioning, reboots, productId } = change.after;
      return run(client, change.before === null ? insertApplication : writeApplication, [
        id,
        name,
        description,
        versioning,
        reboots,
        productId,
        revision,
      ]);
    }
    case 'package':
      if (change.after === null) return run(client, deleteById.package, [subject]);
      return run(
        client,
        change.before === null ? insertPackage : writePackage,
        toPackageValues(change.after, revision),
      );
    case 'channel':
      if (change.after === null) return run(client, deleteById.channel, [subject]);
      return run(
        client,
        change.before === null ? insertChannel : writeChannel,
        toChannelValues(change.after, revision),
      );
    case 'floor':
      return writeMark(client, { ...change, mark: 'floor', reason: change.after?.reason ?? '' }, revision);
    case 'blacklisting':
      return writeMark(client, { ...change, mark: 'blacklisted', reason: '' }, revision);
    case 'group':
      if (change.after === null) return run(client, deleteById.group, [subject]);
      return run(client, change.before === null ? insertGroup : writeGroup, toGroupValues(change.after, revision));
    case 'stop':
      return void (await writeStop(client, subject, change.after?.stop ?? null));
    case 'rollout':
      return writeRollout(client, change.after, change.before === null, revision);
    case 'dead-end':
      if (change.after === null) return run(client, deleteById['dead-end'], [application, subject]);
      return run(client, upsertDeadEnd, [application, subject, change.after.reason]);
    case 'hold':
      if (change.after === null) return run(client, deleteById.hold, [application, subject]);
      return run(client, upsertHold, [application, subject, change.after.note]);
    case 'force':
      if (change.after === null) return run(client, deleteById.force, [application, subject]);
      return run(client, upsertForce, [application, subject, change.after.until]);
    case 'card':
      if (change.after === null) return run(client, deleteById.card, [application, subject]);
      return run(client, upsertCard, [application, subject, change.after.name, JSON.stringify(change.after.labels)]);
    case 'machine':
      // What it does to the machine's attempt is the ledger's: catalog-machine.ts.
      return;
    default:
      change satisfies never;
  }
}

/** Whether that changed anything. */
export async function writeStop(client: Client, group: string, stop: GroupStop | null): Promise<boolean> {
  const { rowCount } =
    stop === null
      ? await client.query(deleteStop, [group])
      : await client.query(insertStop, [group, stop.actor.name, stop.actor.kind, stop.at, stop.note, stop.switchesOn]);
  return (rowCount ?? 0) > 0;
}

interface Mark {
  before: { channel: string; package: string } | null;
  after: { channel: string; package: string } | null;
  mark: 'floor' | 'blacklisted';
  reason: string;
}

async function writeMark(client: Client, { before, after, mark, reason }: Mark, revision: number): Promise<void> {
  const pair = after ?? before;
  if (pair === null) return;
  const key = [pair.channel, pair.package];
  await (after === null ? run(client, deleteMark, key) : run(client, upsertMark, [...key, mark, reason]));
  await run(client, touchChannel, [pair.channel, revision]);
}

async function writeRollout(client: Client, rollout: Rollout, isNew: boolean, revision: number): Promise<void> {
  await run(client, upsertRollout, toRolloutValues(rollout));
  if (isNew) await run(client, startRollout, [rollout.group, rollout.id]);
  await run(client, touchGroup, [rollout.group, revision]);
}

function toPackageValues(pkg: Package, revision: number): unknown[] {
  const { id, application, version, arch, type, url, filename, size, sha1, sha256, description, example } = pkg;
  const files = JSON.stringify(pkg.files);
  const action = pkg.action === null ? null : JSON.stringify(pkg.action);
  return [
    id,
    application,
    version,
    arch,
    type,
    url,
    filename,
    size,
    sha1,
    sha256,
    description,
    files,
    action,
    example,
    revision,
  ];
}

function toChannelValues({ id, application, name, color, arch, package: pkg }: Channel, revision: number): unknown[] {
  return [id, application, name, color, arch, pkg, revision];
}

function toGroupValues(
  { id, application, name, description, track, channel, policy }: Group,
  revision: number,
): unknown[] {
  return [id, application, name, description, track, channel, JSON.stringify(policy), revision];
}

function toRolloutValues(rollout: Rollout): unknown[] {
  const { id, group, package: pkg, toVersion, state, cause, salt, openWave, startedAt, earlierLeasesUntil } = rollout;
  const waves = JSON.stringify(rollout.waves);
  return [id, group, pkg, toVersion, state, cause, salt, waves, openWave, startedAt, earlierLeasesUntil];
}

async function run(client: Client, text: string, values: unknown[]): Promise<void> {
  await client.query(text, values);
}
