// `platte timeline`: versions or statuses over time, of a group or of a whole application.
import { spanToMs, type QueryOf } from '@platte/api-contract';
import { stringify } from 'yaml';
import { argument, option, type Call } from '../call.js';
import { CliError } from '../cli-error.js';
import { countOf } from '../print/counts.js';
import { renderCsv } from '../print/csv.js';
import { plotRowsMin, renderPlot } from '../print/plot.js';
import { byNumbers, byStatus, toSeries, type CountedPoint } from '../print/series.js';
import { findGroup, findHomeApplication } from '../resolve.js';
import { readPart } from './part.js';

interface Timeline {
  bucketSeconds: number;
  points: CountedPoint[];
  /** As the API answered it. */
  whole: unknown;
}

type Subject = 'versions' | 'statuses';

const columnsMax = 120;
const columnsWithoutTerminal = 100;
const rowsMax = 40;
const rowsDefault = 16;
/** Beyond this nobody tells one colour from the other. */
const seriesMax = 8;

export async function showTimeline(call: Call): Promise<void> {
  const subject = (option(call, 'of') ?? 'versions') as Subject;
  const columns = toColumns(call);
  const timeline = await readTimeline(call, subject, toQuery(call, columns));
  switch (call.options['output']) {
    case 'json':
      return call.io.out(JSON.stringify(timeline.whole, null, 2));
    case 'yaml':
      return call.io.out(stringify(timeline.whole).trimEnd());
    case 'csv':
      return call.io.out(renderCsv(toRows(timeline, subject)));
    default:
      return drawTimeline(call, timeline, subject, columns);
  }
}

function toColumns({ io }: Call): number {
  const width = Number.isFinite(io.width) ? io.width : columnsWithoutTerminal;
  // Room for the numbers of the axis.
  return Math.max(20, Math.min(columnsMax, width) - 12);
}

function toQuery(call: Call, columns: number): Record<string, string> {
  const [from, to, range = '1d', bucket] = ['from', 'to', 'range', 'bucket'].map((name) => option(call, name));
  const lengthMs = from === undefined ? spanToMs(range) : (to ? Date.parse(to) : call.io.now()) - Date.parse(from);
  if (!(lengthMs > 0)) throw new CliError('The range is empty: --range is like 6h or 30d, --from is before --to.');
  const minutes = Math.max(1, Math.ceil(lengthMs / columns / 60_000));
  return {
    ...(from === undefined ? { range } : { from }),
    ...(to !== undefined && { to }),
    bucket: bucket ?? `${minutes}m`,
  };
}

async function readTimeline(call: Call, subject: Subject, query: Record<string, string>): Promise<Timeline> {
  const { client } = call.open();
  const isOfGroup = call.args[0] !== undefined;
  const id = isOfGroup ? await findGroup(call, argument(call, 0)) : await findHomeApplication(call);
  const given = { params: { id }, query: { ...query, ...(await readPart(call, isOfGroup ? undefined : id)) } };
  if (call.options['presence'] === true) return readPresence(call, { isOfGroup, id, subject, query: given.query });
  switch (subject) {
    case 'versions': {
      const whole = await (isOfGroup ? client.getVersionTimeline(given) : client.getApplicationVersionTimeline(given));
      const points = whole.items.map(({ at, total, versions: counts }) => ({ at, total, counts }));
      return { bucketSeconds: whole.bucketSeconds, points, whole };
    }
    case 'statuses': {
      const whole = await (isOfGroup ? client.getStatusTimeline(given) : client.getApplicationStatusTimeline(given));
      const points = whole.items.map(({ at, total, statuses: counts }) => ({ at, total, counts }));
      return { bucketSeconds: whole.bucketSeconds, points, whole };
    }
    default:
      return subject satisfies never;
  }
}

async function readPresence(
  call: Call,
  asked: { isOfGroup: boolean; id: string; subject: Subject; query: QueryOf<'getPresenceTimeline'> },
): Promise<Timeline> {
  const { client } = call.open();
  const by = asked.subject === 'versions' ? ('version' as const) : ('status' as const);
  const given = { params: { id: asked.id }, query: { ...asked.query, by } };
  const whole = await (asked.isOfGroup
    ? client.getPresenceTimeline(given)
    : client.getApplicationPresenceTimeline(given));
  return { bucketSeconds: whole.bucketSeconds, points: whole.items, whole };
}

const orderOf = (subject: Subject) => (subject === 'statuses' ? byStatus : byNumbers);

function toRows({ points }: Timeline, subject: Subject): (string | number)[][] {
  const names = [...new Set(points.flatMap(({ counts }) => Object.keys(counts)))].toSorted(orderOf(subject));
  const head = ['at', 'total', ...names];
  const rows = points.map(({ at, total, counts }) => [
    at,
    total,
    ...head.slice(2).map((name) => countOf(counts, name)),
  ]);
  return [head, ...rows];
}

/** Apart for most kinds of colour blindness. */
const palette = [33, 214, 35, 170, 228, 81, 130, 245];
const statusColours = new Map([
  ['complete', 35],
  ['installed', 72],
  ['downloaded', 81],
  ['downloading', 39],
  ['granted', 33],
  ['on-hold', 228],
  ['unknown', 245],
  ['timed-out', 214],
  ['rolled-back', 170],
  ['failed', 160],
]);

function drawTimeline(call: Call, { points, bucketSeconds }: Timeline, subject: Subject, columns: number): void {
  const { io } = call;
  if (points.every(({ total }) => total === 0)) return io.say('No machine was seen in this time.');
  const rows = Number(call.options['height'] ?? Math.min(rowsDefault, io.height - seriesMax - 4));
  const series = toSeries(points, seriesMax, orderOf(subject));
  const colours = series.map(({ name }, at) => (subject === 'statuses' ? statusColours.get(name) : palette[at]) ?? 245);
  const times = points.map(({ at }) => Date.parse(at));
  io.out(
    renderPlot(
      { times, series },
      { columns, rows: Math.max(plotRowsMin, Math.min(rowsMax, rows)), hasColour: io.hasColour, colours },
    ),
  );
  const counted =
    call.options['presence'] === true
      ? 'Each point counts who checked in, once under each value it had'
      : 'Each point counts every machine once';
  io.say(`${counted}; a point every ${describeSeconds(bucketSeconds)}.`);
}

function describeSeconds(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return `${seconds / 60} min`;
}
