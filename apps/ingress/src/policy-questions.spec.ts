import type { AskedMachine, Decision } from '@platte/rollout';
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
  bootId: '',
  versionPrefix: '',
  onlyOpenLease: false,
  forced: false,
  events: [],
});

interface Packet {
  pattern: string;
  id: string;
  data: { asked: AskedMachine[] };
}

const decisionFor = ({ machine }: AskedMachine): Decision => ({
  answer: { reason: 'held', inputs: { note: machine } },
});

function makeTrial(answer: (packet: Packet) => unknown, waitingMax = 1000) {
  const packets: Packet[] = [];
  const failures: unknown[] = [];
  const questions = makePolicyQuestions({
    waitingMax,
    onAnswered: ({ error }) => error !== undefined && failures.push(error),
    request: (payload) => {
      const packet: Packet = JSON.parse(Buffer.from(payload).toString());
      packets.push(packet);
      return Promise.resolve(answer(packet)).then((answered) => Buffer.from(JSON.stringify(answered)));
    },
  });
  return { questions, packets, failures };
}

const decideAll = ({ data }: Packet) => ({ isDisposed: true, response: { decisions: data.asked.map(decisionFor) } });

describe('questions to policy', () => {
  test('of one turn travel in one message, and each asker gets its own decisions', async () => {
    const { questions, packets } = makeTrial(decideAll);
    const [one, two] = await Promise.all([questions.ask([machine('a')]), questions.ask([machine('b'), machine('c')])]);
    expect(packets).toHaveLength(1);
    expect(packets[0]).toMatchObject({ pattern: 'platte.policy.decide', id: '1' });
    expect(one?.map(({ answer }) => answer.inputs.note)).toEqual(['a']);
    expect(two?.map(({ answer }) => answer.inputs.note)).toEqual(['b', 'c']);
    expect(questions.waiting()).toBe(0);
  });

  test('are split where a message would have more than 256 machines', async () => {
    const { questions, packets } = makeTrial(decideAll);
    await Promise.all(Array.from({ length: 300 }, (_, index) => questions.ask([machine(String(index))])));
    expect(packets.map(({ data }) => data.asked.length)).toEqual([256, 44]);
  });

  test.each([
    ['policy fails', () => ({ err: { message: 'no database' }, isDisposed: true })],
    ['nobody listens', () => Promise.reject(new Error('no responders'))],
    ['policy answers for fewer machines', () => ({ isDisposed: true, response: { decisions: [] } })],
    [
      'policy answers something else',
      () => ({ isDisposed: true, response: { decisions: [{ answer: { reason: 'whatever' } }] } }),
    ],
    ['the answer is no object', () => 'yes'],
  ])('have no answer when %s', async (_, answer) => {
    const { questions, failures } = makeTrial(answer);
    expect(await questions.ask([machine('a')])).toBeNull();
    expect(failures).toHaveLength(1);
    expect(questions.waiting()).toBe(0);
  });

  test('have no answer at once when too many machines wait', async () => {
    const { questions, packets } = makeTrial(() => new Promise(() => {}), 2);
    void questions.ask([machine('a'), machine('b')]);
    expect(await questions.ask([machine('c')])).toBeNull();
    await new Promise((resolve) => setImmediate(resolve));
    expect(packets.flatMap(({ data }) => data.asked.map((asked) => asked.machine))).toEqual(['a', 'b']);
  });
});
