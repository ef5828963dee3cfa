import { type AskedMachine, type Decision, parseQuestion, renderDecisions, renderFailure } from '@platte/rollout';
import { describe, expect, test } from 'vitest';
import { makePolicyQuestions } from './policy-questions.js';
import { sampleApp, sampleGroup } from './testing/sample-catalog.js';

const machine = (name: string): AskedMachine => ({
  app: sampleApp,
  group: sampleGroup,
  revision: 1,
  machine: name,
  at: 1,
  n: 1,
  version: '1.0.0',
  arch: 'amd64',
  oem: '',
  versionPrefix: '',
  boot: 0,
  onlyOpenLease: false,
  forced: false,
  events: [],
});

const decisionFor = ({ machine }: AskedMachine): Decision => ({
  answer: { reason: 'held', inputs: { note: machine } },
});

function makeTrial(answer: (asked: AskedMachine[]) => string | Promise<string>, waitingMax = 1000) {
  const asked: string[][] = [];
  const failures: unknown[] = [];
  const questions = makePolicyQuestions({
    waitingMax,
    onSpent: () => {},
    onAnswered: ({ error }) => error !== undefined && failures.push(error),
    request: async (question) => {
      const machines = parseQuestion(question);
      asked.push(machines.map(({ machine }) => machine));
      return answer(machines);
    },
  });
  return { questions, asked, failures };
}

const decideAll = (asked: AskedMachine[]) => renderDecisions(asked.map(decisionFor));
const endOfTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('questions to policy', () => {
  test('of one turn travel in one message, and each asker gets its own decisions', async () => {
    const { questions, asked } = makeTrial(decideAll);
    const [one, two] = await Promise.all([questions.ask([machine('a')]), questions.ask([machine('b'), machine('c')])]);
    expect(asked).toEqual([['a', 'b', 'c']]);
    expect(one?.map(({ answer }) => answer.inputs.note)).toEqual(['a']);
    expect(two?.map(({ answer }) => answer.inputs.note)).toEqual(['b', 'c']);
    expect(questions.waiting()).toBe(0);
  });

  test('are split where a message would have more than 256 machines', async () => {
    const { questions, asked } = makeTrial(decideAll);
    await Promise.all(Array.from({ length: 300 }, (_, index) => questions.ask([machine(String(index))])));
    expect(asked.map((machines) => machines.length)).toEqual([256, 44]);
  });

  test('gather behind the one that is under way, until it is answered', async () => {
    const answered = Promise.withResolvers<void>();
    const { questions, asked } = makeTrial((machines) => answered.promise.then(() => decideAll(machines)));
    const all = [questions.ask([machine('a')])];
    await endOfTurn();
    // Two turns of the loop.
    all.push(questions.ask([machine('b')]));
    await endOfTurn();
    all.push(questions.ask([machine('c')]));
    await endOfTurn();
    expect(asked).toEqual([['a']]);
    answered.resolve();
    await Promise.all(all);
    expect(asked).toEqual([['a'], ['b', 'c']]);
  });

  test('gather for some milliseconds only, while the one under way hangs', async () => {
    const { questions, asked } = makeTrial((machines) =>
      machines[0]?.machine === 'a' ? new Promise(() => {}) : decideAll(machines),
    );
    void questions.ask([machine('a')]);
    await endOfTurn();
    expect(await questions.ask([machine('b')])).toHaveLength(1);
    expect(asked).toEqual([['a'], ['b']]);
  });

  test.each([
    ['policy fails', () => renderFailure('no database')],
    ['nobody listens', () => Promise.reject(new Error('no responders'))],
    ['policy answers for fewer machines', () => renderDecisions([])],
    ['policy answers something else', () => '{"decisions":[{"answer":{"reason":"whatever"}}],"decision":[0]}'],
    ['the answer is no object', () => '"yes"'],
  ])('have no answer when %s', async (_, answer) => {
    const { questions, failures } = makeTrial(answer);
    expect(await questions.ask([machine('a')])).toBeNull();
    expect(failures).toHaveLength(1);
    expect(questions.waiting()).toBe(0);
  });

  test('have no answer at once when too many machines wait', async () => {
    const { questions, asked } = makeTrial(() => new Promise(() => {}), 2);
    void questions.ask([machine('a'), machine('b')]);
    expect(await questions.ask([machine('c')])).toBeNull();
    await endOfTurn();
    expect(asked).toEqual([['a', 'b']]);
  });
});
