// Folds the facts that arrived since the watermark into machine, transition, delta and presence. One program at a time runs it.
//
// What is true if it dies between two statements: the watermark has not moved, so the next run folds at least the same
// facts again, from the same machines or later ones. A fact that is folded already makes its machine late, and a late
// machine is recomputed from all its facts since; transitions that the new run does not find are marked as gone;
// minutes and hours are counted anew from transition. So a run repeated, cut short or overtaken leaves the same rows.
import type { History } from './connection.js';
import * as sql from './rebuild-statements.js';

export interface RebuildInput {
  /** Batches up to this sequence of FACTS are written and acknowledged by every writer. */
  acked: number;
  /** When the stream that `acked` is of was created (ms): another one counts from its start. Left out: not known. */
  stream?: number | undefined;
  now: number;
  /** Differs for every attempt of every program: it names the attempt's own staging rows. */
  attempt: number;
  /** Late facts are counted among who was there from these moments on: what is older was taken away, and a part would look whole. */
  presenceFrom?: { hours: number; days: number } | undefined;
}

export interface Rebuilt {
  facts: number;
  late: number;
  /** The new watermark. */
  upto: number;
  /** False: the run was full, and more had arrived. */
  caughtUp: boolean;
}

interface Watermark {
  run: number;
  seq: number;
  silence: number;
  /** When the stream of `seq` was created (ms); 0: not known. */
  stream: number;
}

const minuteMs = 60_000;
/** Each takes some 600 bytes in the fold's sorts: 300 MB at most. */
export const factsPerRunMax = 500_000;
/** Machines per slice of a rebuild from nothing: a month of theirs, hourly, is 14 million facts. */
const machinesPerSlice = 20_000;

export async function rebuild(
  history: History,
  { acked, stream = 0, now, attempt, presenceFrom = { hours: 0, days: 0 } }: RebuildInput,
): Promise<Rebuilt> {
  const mark = await readMark(history, acked, stream);
  const [scope] = await history.read<{ facts: number; upto: number; newest: number }>(sql.readUpto, {
    after: mark.seq,
    acked,
    facts: factsPerRunMax,
  });
  const { facts, newest } = scope ?? { facts: 0, newest: 0 };
  const caughtUp = facts < factsPerRunMax;
  const upto = caughtUp ? Math.max(acked, mark.seq) : (scope?.upto ?? mark.seq);
  const silence = Math.max(floorMinute(Math.max(now, newest)), mark.silence);
  if (facts === 0 && silence === mark.silence) return { facts: 0, late: 0, upto, caughtUp };
  const params = {
    attempt,
    run: mark.run + 1,
    upto,
    silence: toSeconds(silence),
    silenced: toSeconds(mark.silence),
    stream: mark.stream,
    hoursFrom: Math.max(0, presenceFrom.hours),
    daysFrom: Math.max(0, presenceFrom.days),
  };
  try {
    const late = facts > 0 ? await stageFacts(history, params) : 0;
    if (silence > mark.silence) await history.run(sql.stageSilences, params);
    await history.run(sql.writePublishing, params);
    await publish(history, params);
    if (facts > 0) await foldFacts(history, params);
    await history.run(sql.writeWatermark, params);
    return { facts, late, upto, caughtUp };
  } finally {
    await dropStage(history, attempt);
  }
}

/** Throws transition and delta away and makes them again from every fact that is kept. */
export async function rebuildFromNothing(
  history: History,
  { now, attempt }: Omit<RebuildInput, 'acked'>,
): Promise<void> {
  const mark = await readMark(history, Number.MAX_SAFE_INTEGER, 0);
  const silence = Math.max(floorMinute(now), mark.silence);
  await history.run(sql.writePublishing, { run: mark.run + 1 });
  await history.run('truncate table transition');
  await history.run('truncate table delta');
  const [range] = await history.read<{ machines: number }>('select max(inst) + 1 as machines from fact');
  for (let from = 0; from < (range?.machines ?? 0); from += machinesPerSlice) {
    const params = {
      attempt: attempt + from,
      run: mark.run + 1,
      from,
      to: from + machinesPerSlice,
      silence: toSeconds(silence),
    };
    await history.run(sql.stageAllSeeds, params);
    await history.run(sql.stageLateSeeds, params);
    await history.run(sql.stageLateTransitions, params);
    await history.run(sql.writeTransitions, params);
    await dropStage(history, params.attempt);
  }
  // Once at the end: counted with each slice, every minute would be counted as often as there are slices.
  for (const { monday } of await history.read<{ monday: number }>(sql.readWeeks)) {
    await history.run(sql.writeAllMinutes, { run: mark.run + 1, monday });
    await history.run(sql.writeAllHours, { run: mark.run + 1, monday });
  }
  const { run, seq: upto, stream } = mark;
  await history.run(sql.writeWatermark, { run: run + 1, upto, silence: toSeconds(silence), stream });
}

/** Facts below the watermark are in the other tables: their partitions go. */
export async function dropPassed(history: History, upto: number): Promise<void> {
  const passed = await history.read<{ partition: string }>(sql.readPassed, { upto });
  for (const { partition } of passed) await history.run(`alter table fresh drop partition ${Number(partition)}`);
}

async function stageFacts(history: History, params: { attempt: number }): Promise<number> {
  await history.run(sql.stageSeeds, params);
  const [counted] = await history.read<{ machines: number }>(sql.countLate, params);
  const late = counted?.machines ?? 0;
  await history.run(sql.stageFreshTransitions, params);
  if (late > 0) {
    await history.run(sql.stageLateSeeds, params);
    await history.run(sql.stageLateTransitions, params);
  }
  await history.run(sql.stageGone, params);
  return late;
}

async function publish(history: History, params: { attempt: number }): Promise<void> {
  const [staged] = await history.read<{ rows: number }>(
    'select count() as rows from stage_transition where run = {attempt:UInt64}',
    params,
  );
  if (staged === undefined || staged.rows === 0) return;
  await history.run(sql.writeTransitions, params);
  await history.run(sql.writeMinutes, params);
  await history.run(sql.writeHours, params);
}

async function foldFacts(history: History, params: { upto: number }): Promise<void> {
  await history.run(sql.writePresenceHours, params);
  await history.run(sql.writePresenceDays, params);
  await history.run(sql.writeMachines, params);
}

async function dropStage(history: History, attempt: number): Promise<void> {
  await history.run(`alter table stage_seed drop partition ${attempt}`);
  await history.run(`alter table stage_transition drop partition ${attempt}`);
}

/**
 * Another stream than before counts from its start again: one that was created at another time, or whose acknowledged end lies
 * before the watermark (its consumer was made again). Facts that are folded already are folded once more, which changes nothing.
 */
async function readMark(history: History, acked: number, stream: number): Promise<Watermark> {
  const [found = { run: 0, seq: 0, silence: 0, stream: 0 }] = await history.read<Watermark>(sql.readWatermark);
  const isAnother = stream !== 0 && found.stream !== 0 && found.stream !== stream;
  const mark = { ...found, stream: stream === 0 ? found.stream : stream };
  if (acked >= mark.seq && !isAnother) return mark;
  history.log.warn({ acked, watermark: mark.seq }, 'the log begins again: facts are folded from its first message');
  const anew = { ...mark, run: mark.run + 1, seq: 0 };
  const params = { run: anew.run, upto: 0, silence: toSeconds(anew.silence), stream: anew.stream };
  await history.run(sql.writeWatermark, params);
  return anew;
}

const floorMinute = (ms: number) => Math.floor(ms / minuteMs) * minuteMs;
const toSeconds = (ms: number) => ms / 1000;
