// What an ingress and a policy of different versions send each other while a platform is upgraded. The files are as the first
// version wrote them, and only ever added to: another shape of the same thing gets a file of its own.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseDecisions, parseQuestion, renderDecisions, renderQuestion } from './asking-wire.js';
import { judge } from './judge.js';
import { indexSnapshot } from './snapshot-index.js';
import { ApplicationSnapshot } from './snapshot.js';

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), 'utf8'));

/** As a later version may write it: something new in every object. */
function withAdditions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withAdditions);
  if (value === null || typeof value !== 'object') return value;
  const fields = Object.entries(value).map(([name, inner]) => [name, withAdditions(inner)]);
  return Object.fromEntries([...fields, ['addedLater', { of: ['a', 'later', 'version'] }]]);
}

const snapshot = read('snapshot');
const snapshotWithStop = read('snapshot-with-stop');
/** As a version that does not know stops keeps it. */
const withoutStops = (value: unknown) =>
  JSON.parse(toText(value), (key, inner: unknown) => (key === 'stop' ? undefined : inner)) as unknown;
/** What a machine of the first group, whose version is far below, is answered. */
function answerIn(value: unknown): unknown {
  const index = indexSnapshot(ApplicationSnapshot.parse(value));
  const track = index.snapshot.groups[0]?.track ?? '';
  const check = { machine: 'm', version: '1.0.0', track, arch: 'amd64', versionPrefix: '' } as const;
  const judgement = judge(check, index, 1_769_000_000_000);
  return judgement.kind === 'answer' ? judgement.answer : judgement.kind;
}

const question = read('question');
const questionWithBoots = read('question-with-boots');
const decisions = read('decisions');
const toText = (value: unknown) => JSON.stringify(value);

describe('what an older version wrote', () => {
  it('as a snapshot is read whole', () => {
    expect(withoutStops(ApplicationSnapshot.parse(snapshot))).toEqual(snapshot);
    expect(ApplicationSnapshot.parse(snapshotWithStop)).toEqual(snapshotWithStop);
  });
  it('as a snapshot of a paused group is refused, as its policy is off', () => {
    expect(answerIn(snapshot)).toBe('ask');
    const before = withoutStops(snapshotWithStop);
    expect(answerIn(before)).toMatchObject({ reason: 'updates-disabled', inputs: { refusedBy: 'policy' } });
  });
  it('as a question from before boots is read', () => {
    const asked = parseQuestion(toText(question));
    expect(asked.map(({ machine, forced }) => [machine, forced])).toEqual([
      ['m1', false],
      ['m2', true],
    ]);
    expect(asked.map(({ boot }) => boot)).toEqual([0, 0]);
  });
  it('as a question is read, and is what is asked today', () => {
    const asked = parseQuestion(toText(questionWithBoots));
    expect(asked.map(({ boot }) => boot)).toEqual([2_851_307_223, 0]);
    expect(JSON.parse(renderQuestion(asked))).toEqual(questionWithBoots);
  });
  it('as decisions is read, and is what is answered today', () => {
    const decided = parseDecisions(toText(decisions), 2);
    expect(decided.decisions.map(({ answer, offer }) => [answer.reason, offer?.version])).toEqual([
      ['granted', '3033.2.1'],
      ['rate-limited', undefined],
    ]);
    expect(JSON.parse(renderDecisions(decided.decisions, decided.spent))).toEqual(decisions);
  });
});

describe('what a later version adds', () => {
  it('to a snapshot changes nothing', () => {
    expect(ApplicationSnapshot.parse(withAdditions(snapshot))).toEqual(ApplicationSnapshot.parse(snapshot));
  });
  it('to a snapshot of a paused group lets nobody pass who does not know stops', () => {
    expect(withoutStops(snapshotWithStop)).toMatchObject({ groups: [{ policy: { updatesEnabled: false } }] });
    expect(answerIn(snapshotWithStop)).toMatchObject({
      reason: 'updates-disabled',
      inputs: { refusedBy: 'pause', note: 'a fire' },
    });
  });
  it('to a question changes nothing', () => {
    expect(parseQuestion(toText(withAdditions(question)))).toEqual(parseQuestion(toText(question)));
  });
  it('to decisions changes nothing', () => {
    expect(parseDecisions(toText(withAdditions(decisions)), 2)).toEqual(parseDecisions(toText(decisions), 2));
  });
  it('as another format of the snapshot is refused, not read wrongly', () => {
    expect(ApplicationSnapshot.safeParse({ ...(snapshot as object), format: 2 }).success).toBe(false);
  });
});
