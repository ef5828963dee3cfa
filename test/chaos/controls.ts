// What each control breaks, the faults that bring it out, and the check that must say so.
import type { Planned } from './schedule.js';

export interface Control {
  about: string;
  /** A check whose findings prove that it was caught. */
  caughtBy: readonly string[];
  plan: readonly Planned[];
  edits: readonly Edit[];
}

/** Lines of a built module, and what stands there instead. */
interface Edit {
  module: string;
  lines: readonly (readonly [string, string])[];
}

const outage = (target: string, atMs: number, forMs: number): Planned => ({
  atMs,
  fault: { kind: 'outage', target, forMs },
});
const kill = (target: string, atMs: number): Planned => ({ atMs, fault: { kind: 'kill', target } });

export const controls: Readonly<Record<string, Control>> = {
  'ack-before-insert': {
    about: 'consumers acknowledge a batch before its effect is committed',
    caughtBy: ['the history has each fact of the log once, and no other'],
    plan: [outage('clickhouse', 3_000, 4_000), kill('analytics-1', 4_500), kill('analytics-2', 4_600)],
    edits: [
      {
        module: 'libs/fact-log/dist/settle.js',
        lines: [['await onBatch(', 'for (const { msg } of batch) acknowledge(msg);\n            await onBatch(']],
      },
    ],
  },
  'no-outbox': {
    about: 'the facts of decisions wait in memory instead of the transaction',
    caughtBy: ['every grant of PostgreSQL is a fact, and every such fact a grant'],
    // A kill loses what was decided in the seconds before it.
    plan: [kill('policy-1', 4_000), kill('policy-2', 4_100), kill('policy-1', 8_000), kill('policy-2', 8_100)],
    edits: [
      {
        module: 'libs/state-store/dist/outbox.js',
        lines: [
          [
            'export function toOutbox(facts) {',
            'const kept = [];\nexport function toOutbox(facts) {\n    kept.push(...facts);\n    return [];',
          ],
          [
            'export async function relayOutbox(store, append) {',
            'export async function relayOutbox(store, append) {\n    await new Promise((resolve) => setTimeout(resolve, 3000));\n    const facts = kept.splice(0);\n    if (facts.length > 0) await append(facts, idOf(facts));\n    return facts.length;',
          ],
        ],
      },
    ],
  },
  'memory-dedupe': {
    about: 'analytics drops what it has seen from memory, and its table keeps whatever arrives',
    caughtBy: ['the history has each fact of the log once, and no other'],
    plan: [
      kill('analytics-1', 5_000),
      kill('analytics-2', 5_200),
      { atMs: 7_000, fault: { kind: 'redeliver', batches: 40, withId: false } },
    ],
    edits: [
      {
        module: 'libs/history/dist/write-facts.js',
        lines: [
          [
            'function isHistoryFact(fact) {',
            'const seen = new Map();\nfunction isHistoryFact(fact) {\n    const id = [fact.app, fact.machine, fact.at, fact.n, fact.kind].join();\n    if ((seen.get(id) ?? fact) !== fact) return false;\n    seen.set(id, fact);',
          ],
        ],
      },
      {
        module: 'libs/history/dist/migrate.js',
        lines: [
          [
            "await readFile(new URL(name, folder), 'utf8')",
            "(await readFile(new URL(name, folder), 'utf8')).replace(\"    cause String comment 'Why a lease ended, in words' codec(ZSTD(1))\", \"    cause String comment 'Why a lease ended, in words' codec(ZSTD(1)), salt UInt64 default rand64()\").replace('order by (app, inst, at, n, kind)', 'order by (app, inst, at, n, kind, salt)')",
          ],
        ],
      },
    ],
  },
};
