// PostgreSQL is restored from a dump that is older than the history: no machine may get the number of another one.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { checkIns, makeProgram, type TestProgram } from '../test/program.js';

/** For a machine that is busy with other tests. */
const patience = { timeout: 30_000, interval: 20 };
/** The greatest machine number that the restored dump contains. */
const kept = 12;
let program: TestProgram;
beforeEach(async () => {
  program = await makeProgram();
});
afterEach(() => program.end());

const named = (name: string, count: number) =>
  checkIns(count, '1.0.0').map((fact) => ({ ...fact, machine: `${name}-${fact.machine}` }));

async function written(machines: number): Promise<{ machine: string; inst: number }[]> {
  const read = () =>
    program.history.read<{ machine: string; inst: number }>(
      'select machine, inst from machine_name final order by inst, machine',
    );
  return vi.waitFor(async () => {
    const rows = await read();
    expect(rows).toHaveLength(machines);
    return rows;
  }, patience);
}

async function restoreDump(): Promise<void> {
  await program.store.pool.query('delete from machine_number where number > $1', [kept]);
  await program.store.pool.query(`select setval(pg_get_serial_sequence('machine_number', 'number'), $1)`, [kept]);
}

test('machines that come after a restore get numbers that none had, and the lost ones keep theirs', async () => {
  const first = await program.startReplica();
  await program.append(named('old', 20));
  const before = await written(20);
  await first.stop(5_000);
  await restoreDump();
  await program.startReplica();
  await program.append(named('new', 20));
  const after = await written(40);
  expect(after.slice(0, 20)).toEqual(before);
  expect(new Set(after.map(({ inst }) => inst)).size).toBe(40);
  const { rows } = await program.store.pool.query('select machine, number as inst from machine_number order by number');
  expect(rows).toEqual(after);
});

test('a replica that goes on over the restore forgets the numbers that it knew', async () => {
  await program.startReplica();
  await program.append(named('old', 20));
  const before = await written(20);
  // As a dump that is read into a running server: the table is another one.
  await program.store.pool.query(`
    alter table machine_number rename to machine_number_before;
    create table machine_number (like machine_number_before including all);
    insert into machine_number overriding system value select * from machine_number_before where number <= ${kept};
    select setval(pg_get_serial_sequence('machine_number', 'number'), ${kept});
    drop table machine_number_before`);
  await program.append([...named('new', 5), ...named('old', 20)]);
  const after = await written(25);
  expect(after.slice(0, 20)).toEqual(before);
  expect(new Set(after.map(({ inst }) => inst)).size).toBe(25);
});
