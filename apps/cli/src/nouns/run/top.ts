// `platte top`: every group with how far its machines are, in one screen.
import type { Breakdown, Group } from '@platte/api-contract';
import { flag, type Call } from '../call.js';
import { type UpdatesOf, updatesOf } from '../print/catalog-views.js';
import { countOf } from '../print/counts.js';
import { printList } from '../print/output.js';
import { renderTable, type Column } from '../print/table.js';
import { toCount, toPercent } from '../print/words.js';
import { findGivenApplication } from '../resolve.js';
import { readAll } from './rows.js';

interface Row {
  id: string;
  group: string;
  track: string;
  application: string;
  updates: UpdatesOf;
  target: string | null;
  rollout: string | null;
  machines: number;
  /** At the version that is rolled out. */
  done: number;
  underWay: number;
  onHold: number;
  failed: number;
}

const columns: readonly Column<Row>[] = [
  { name: 'GROUP', cell: ({ group }) => group },
  { name: 'MACHINES', cell: ({ machines }) => toCount(machines), align: 'right' },
  { name: 'TARGET', cell: ({ target }) => target ?? '' },
  {
    name: 'AT TARGET',
    cell: ({ target, done, machines }) => (target === null ? '' : toPercent(done, machines)),
    align: 'right',
  },
  { name: 'UNDER WAY', cell: ({ underWay }) => toCount(underWay), align: 'right' },
  { name: 'ON HOLD', cell: ({ onHold }) => toCount(onHold), align: 'right' },
  { name: 'FAILED', cell: ({ failed }) => toCount(failed), align: 'right' },
  { name: 'ROLLOUT', cell: ({ updates, rollout }) => (updates === 'on' ? (rollout ?? '') : `group ${updates}`) },
  { name: 'TRACK', cell: ({ track }) => track, isWide: true },
  { name: 'APPLICATION', cell: ({ application }) => application, isWide: true },
];

const everySecondsDefault = 2;

export async function showTop(call: Call): Promise<void> {
  const query = await findGivenApplication(call);
  const format = call.options['output'];
  const isLive = call.io.isTerminal && !flag(call, 'once') && (format === 'table' || format === 'wide');
  if (!isLive) return printList(call, await readRows(call, query), columns, ({ id }) => id);
  const aborter = new AbortController();
  process.once('SIGINT', () => aborter.abort());
  while (!aborter.signal.aborted) {
    draw(call, await readRows(call, query));
    await pause(Math.max(1, Number(call.options['every'] ?? everySecondsDefault)) * 1000, aborter.signal);
  }
}

async function readRows(call: Call, query: { application?: string }): Promise<Row[]> {
  const { client } = call.open();
  const groups = await readAll(client.listGroups, { query });
  const rows = await Promise.all(
    groups.map(async (group) => toRow(group, await client.getGroupBreakdown({ params: { id: group.id } }))),
  );
  return rows.toSorted((a, b) => b.machines - a.machines || (a.group < b.group ? -1 : 1));
}

function toRow(group: Group, { total, versions, statuses }: Breakdown): Row {
  const sum = (...names: string[]): number => names.reduce((all, name) => all + countOf(statuses, name), 0);
  const { rollout } = group;
  return {
    id: group.id,
    group: group.name,
    track: group.track,
    application: group.application,
    updates: updatesOf(group),
    target: rollout?.toVersion ?? null,
    rollout: rollout && describeState(rollout),
    machines: total,
    done: rollout ? countOf(versions, rollout.toVersion) : 0,
    underWay: sum('granted', 'downloading', 'downloaded', 'installed'),
    onHold: sum('on-hold'),
    failed: sum('failed', 'timed-out', 'rolled-back'),
  };
}

function describeState({ state, openWave, waves, cause }: NonNullable<Group['rollout']>): string {
  const wave = waves.length > 1 ? ` wave ${openWave}/${waves.length}` : '';
  return `${state}${wave}${cause === '' ? '' : `: ${cause}`}`;
}

/** Over the last picture, without a flash: home, each line with its old rest cleared, then what is below. */
function draw({ io, options }: Call, rows: Row[]): void {
  const table = renderTable(rows, columns, {
    now: io.now(),
    width: io.width,
    isWide: options['output'] === 'wide',
    bold: io.colours.bold,
  });
  const lines = [`${new Date(io.now()).toISOString()}   Ctrl-C ends it`, '', ...table.split('\n')].slice(
    0,
    io.height - 1,
  );
  process.stdout.write(`\u001B[H${lines.map((line) => `${line}\u001B[K`).join('\n')}\n\u001B[J`);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}
