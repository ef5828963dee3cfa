// Questions about how far a fleet has come: history answers in milliseconds, the API says moments and seconds.
import { toInstant, type OutputOf, type QueryOf } from '@platte/api-contract';
import { failures, machinesSeen, type Scope, silentMachines, statusCounts, updateFunnel } from '@platte/history';
import type { ApiParts } from './parts.js';
import { toRange } from './timelines.js';
import { toSummary } from './views.js';

type RangeQuery = Pick<QueryOf<'getGroupFunnel'>, 'range' | 'from' | 'to'>;

/** @throws ApiProblem when the range ends before it begins */
function toSpan({ range, from, to }: RangeQuery, now: number): { from: number; to: number } {
  const asked = toRange({ range, from, to }, now);
  return { from: asked.from, to: Math.min(asked.to ?? now, now) };
}

const toWords = ({ from, to }: { from: number; to: number }) => ({ from: toInstant(from), to: toInstant(to) });

export async function readFailures(
  parts: ApiParts,
  scope: Scope,
  { limit, ...query }: RangeQuery & { limit: number },
): Promise<OutputOf<'getGroupFailures'>> {
  const span = toSpan(query, parts.now());
  const found = await failures(parts.history, { ...scope, ...span, limit });
  const items = found.map((cause) => ({ ...cause, lastAt: toInstant(cause.lastAt) }));
  return { ...toWords(span), items, next: null };
}

export async function readFunnel(
  parts: ApiParts,
  scope: Scope,
  query: RangeQuery,
): Promise<OutputOf<'getGroupFunnel'>> {
  const span = toSpan(query, parts.now());
  const { steps, ...ended } = await updateFunnel(parts.history, { ...scope, ...span });
  const shown = steps.map(({ p50Ms, p95Ms, ...step }) => ({
    ...step,
    medianSeconds: toSeconds(p50Ms),
    p95Seconds: toSeconds(p95Ms),
  }));
  return { ...toWords(span), steps: shown, ...ended };
}

const toSeconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);

export async function readSilent(
  parts: ApiParts,
  scope: Scope,
  { limit }: { limit: number },
): Promise<OutputOf<'getGroupSilentInstances'>> {
  const now = parts.now();
  const found = await silentMachines(parts.history, { ...scope, now, limit });
  const items = found.map(({ state, cadenceMs, silentMs }) => ({
    ...toSummary(state),
    cadenceSeconds: toSeconds(cadenceMs),
    silentSeconds: silentMs / 1000,
  }));
  return { at: toInstant(now), items, next: null };
}

export async function readStatusCounts(
  parts: ApiParts,
  scope: Scope,
  query: RangeQuery,
): Promise<OutputOf<'getGroupStatusCounts'>> {
  const span = toSpan(query, parts.now());
  return { ...toWords(span), ...(await statusCounts(parts.history, { ...scope, ...span })) };
}

export async function readSeen(
  parts: ApiParts,
  scope: Scope,
  query: RangeQuery,
): Promise<OutputOf<'getGroupInstancesSeen'>> {
  const span = toSpan(query, parts.now());
  return { ...toWords(span), instances: await machinesSeen(parts.history, { ...scope, ...span }) };
}
