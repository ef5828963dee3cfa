// Damages recorded requests for a while and looks for bytes that the two parsers read differently, that make one of them throw,
// or that take too long. What it finds is made smaller and kept as a regression case, which the tests replay.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDraw } from '../chance.js';
import { findDisagreement } from './agreement.js';
import { applyMutations, type Mutation, mutationKinds } from './mutate.js';
import { clientsFolder, readRecordings, readRegressions } from './recordings.js';

export interface FuzzFinding {
  what: string;
  body: Uint8Array;
}

export interface FuzzOptions {
  seconds: number;
  /** The same seed draws the same cases, in the same order. */
  seed: number;
  /** Called for every finding. */
  onCase: (finding: FuzzFinding) => void;
}

export interface FuzzResult {
  cases: number;
  findings: number;
}

/** A body of 16 KiB is read in under 10 ms on a slow machine: this is a hang, not a hiccup. */
const slowMs = 2000;
const findingsMax = 20;

export function fuzz({ seconds, seed, onCase }: FuzzOptions): FuzzResult {
  const draw = makeDraw(seed);
  const seeds = [...readRecordings(), ...readRegressions()].map(({ body }) => body);
  const end = performance.now() + seconds * 1000;
  let cases = 0;
  let findings = 0;
  while (performance.now() < end && findings < findingsMax) {
    cases++;
    const base = seeds[Math.floor(draw() * seeds.length)]!;
    const mutations = Array.from({ length: 1 + Math.floor(draw() * draw() * 12) }, () => drawMutation(draw));
    const what = findFault(applyMutations(base, mutations));
    if (what === undefined) continue;
    findings++;
    onCase({ what, body: applyMutations(base, shrink(base, mutations)) });
  }
  return { cases, findings };
}

/** Keeps the bytes as a regression case; returns the file's name. */
export function keepFinding(finding: FuzzFinding): string {
  const name = `${createHash('sha256').update(finding.body).digest('hex').slice(0, 16)}.xml`;
  writeFileSync(join(clientsFolder, 'regressions', name), finding.body);
  return name;
}

function findFault(body: Uint8Array): string | undefined {
  const start = performance.now();
  const fault = findDisagreement(body);
  const ms = performance.now() - start;
  return fault ?? (ms > slowMs ? `takes ${Math.round(ms)} ms` : undefined);
}

/** Leaves out every mutation without which the fault stays. */
function shrink(base: Uint8Array, mutations: Mutation[]): Mutation[] {
  for (const mutation of mutations) {
    const fewer = mutations.filter((other) => other !== mutation);
    if (findFault(applyMutations(base, fewer)) !== undefined) return shrink(base, fewer);
  }
  return mutations;
}

function drawMutation(draw: () => number): Mutation {
  return {
    kind: mutationKinds[Math.floor(draw() * mutationKinds.length)]!,
    at: draw(),
    length: Math.floor(draw() * draw() * 64),
    pick: Math.floor(draw() * 65_536),
  };
}
