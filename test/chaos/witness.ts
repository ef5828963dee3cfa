// What happens in PostgreSQL, written down by PostgreSQL itself: every change of an attempt's stage and every batch of grants,
// in the transaction that made it. Rows of one group are numbered in the order of its commits, as both are made under the
// group's lock. It lives in a schema of its own and changes nothing that the platform reads.
import { Client } from 'pg';

export interface LeaseStep {
  group: string;
  machine: string;
  rollout: string;
  toVersion: string;
  /** null: there was no attempt before. */
  before: string | null;
  after: string | null;
  outcome: string | null;
}

export interface GrantStep {
  group: string;
  grantedAt: number;
  grants: number;
  /** As the transaction saw it. */
  updatesEnabled: boolean;
  rolloutState: string | null;
}

const schema = `
create schema chaos;
create table chaos.lease_step (
  id bigint generated always as identity primary key,
  update_group uuid not null, machine text not null, rollout uuid not null, to_version text not null,
  before text, after text, outcome text
);
create table chaos.grant_step (
  id bigint generated always as identity primary key,
  update_group uuid not null, granted_at bigint not null, n integer not null, updates_enabled boolean, rollout_state text
);
create function chaos.note_lease() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' and (tg_op = 'DELETE' or old.update_group <> new.update_group or old.opened_n <> new.opened_n) then
    insert into chaos.lease_step (update_group, machine, rollout, to_version, before, after, outcome)
    values (old.update_group, old.machine, old.rollout, old.to_version, old.stage, null, old.outcome);
  end if;
  if tg_op = 'DELETE' then return null; end if;
  insert into chaos.lease_step (update_group, machine, rollout, to_version, before, after, outcome)
  values (new.update_group, new.machine, new.rollout, new.to_version,
    case when tg_op = 'UPDATE' and old.update_group = new.update_group and old.opened_n = new.opened_n then old.stage end,
    new.stage, new.outcome);
  return null;
end $$;
create trigger chaos_lease after insert or delete on attempt for each row execute function chaos.note_lease();
create trigger chaos_lease_changed after update on attempt for each row
  when (old.stage <> new.stage or old.opened_n <> new.opened_n or old.update_group <> new.update_group)
  execute function chaos.note_lease();
create function chaos.note_grant() returns trigger language plpgsql as $$
begin
  insert into chaos.grant_step (update_group, granted_at, n, updates_enabled, rollout_state)
  select new.update_group, new.granted_at, new.n, (g.policy ->> 'updatesEnabled')::boolean
    and not exists (select from public.group_stop s where s.update_group = g.id), r.state
  from public.update_group g left join public.rollout r on r.id = g.rollout where g.id = new.update_group;
  return null;
end $$;
create trigger chaos_grant after insert on grant_log for each row execute function chaos.note_grant();`;

export async function installWitness(url: string): Promise<void> {
  await withPostgres(url, (client) => client.query(schema));
}

const readLeases = `
select update_group as "group", machine, rollout, to_version as "toVersion", before, after, outcome
from chaos.lease_step order by id`;
const readGrants = `
select update_group as "group", granted_at::float8 as "grantedAt", n as grants, updates_enabled as "updatesEnabled",
  rollout_state as "rolloutState"
from chaos.grant_step order by id`;

export async function readWitness(url: string): Promise<{ leases: LeaseStep[]; grants: GrantStep[] }> {
  return withPostgres(url, async (client) => ({
    leases: (await client.query<LeaseStep>(readLeases)).rows,
    grants: (await client.query<GrantStep>(readGrants)).rows,
  }));
}

export async function withPostgres<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
