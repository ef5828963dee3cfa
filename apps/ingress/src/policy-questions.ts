// What judging could not answer is asked of policy: one message per event-loop turn carries all machines that wait, so that a
// busy process asks few big questions and an idle one asks at once. A question that fails, for whatever cause, is answered
// `policy-unavailable` by whoever asked: never a grant by guess.
import { type AskedMachine, askedMachinesMax, type Decision, Decisions, decideSubject } from '@platte/rollout';

export interface PolicyQuestions {
  /** The decisions in the order of the machines; null when there is no answer. Never rejects. */
  ask: (asked: readonly AskedMachine[]) => Promise<readonly Decision[] | null>;
  /** Machines that wait for an answer now. */
  waiting: () => number;
}

export interface PolicyQuestionsOptions {
  /** Sends one question and waits for its answer; rejects when none comes in time or nobody listens. */
  request: (payload: Uint8Array) => Promise<Uint8Array>;
  /** Beyond so many waiting machines a hung policy is taken for absent at once, before held answers fill the memory. */
  waitingMax: number;
  /** Told after each question: how many machines it had, how long it took, and the error if it failed. */
  onAnswered: (answered: { machines: number; elapsedMs: number; error?: Error }) => void;
}

interface Waiting {
  asked: readonly AskedMachine[];
  resolve: (decisions: readonly Decision[] | null) => void;
}

export function makePolicyQuestions({ request, waitingMax, onAnswered }: PolicyQuestionsOptions): PolicyQuestions {
  let turn: Waiting[] = [];
  let turnMachines = 0;
  let waiting = 0;

  function flush(): void {
    if (turn.length === 0) return;
    const batch = turn;
    turn = [];
    turnMachines = 0;
    void askAll(batch);
  }

  async function askAll(batch: readonly Waiting[]): Promise<void> {
    const asked = batch.flatMap((one) => one.asked);
    const begun = performance.now();
    try {
      const decisions = readDecisions(await request(writeQuestion(asked)), asked.length);
      onAnswered({ machines: asked.length, elapsedMs: performance.now() - begun });
      spread(batch, decisions);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error('policy could not be asked', { cause });
      onAnswered({ machines: asked.length, elapsedMs: performance.now() - begun, error });
      for (const one of batch) one.resolve(null);
    }
    waiting -= asked.length;
  }

  return {
    waiting: () => waiting,
    ask(asked) {
      if (waiting + asked.length > waitingMax) return Promise.resolve(null);
      waiting += asked.length;
      if (turnMachines + asked.length > askedMachinesMax) flush();
      if (turn.length === 0) setImmediate(flush);
      turnMachines += asked.length;
      return new Promise((resolve) => turn.push({ asked, resolve }));
    },
  };
}

function spread(batch: readonly Waiting[], decisions: readonly Decision[]): void {
  let from = 0;
  for (const { asked, resolve } of batch) {
    resolve(decisions.slice(from, from + asked.length));
    from += asked.length;
  }
}

/** Nest's wire format: policy answers with a `@MessagePattern`. Without an `id` Nest would take it for an event. */
function writeQuestion(asked: readonly AskedMachine[]): Uint8Array {
  return Buffer.from(JSON.stringify({ pattern: decideSubject, id: '1', data: { asked } }));
}

function readDecisions(payload: Uint8Array, count: number): readonly Decision[] {
  const packet: unknown = JSON.parse(Buffer.from(payload).toString());
  if (typeof packet !== 'object' || packet === null)
    throw new Error('policy answered with something else than an object');
  if ('err' in packet && packet.err !== undefined && packet.err !== null)
    throw new Error(`policy failed: ${JSON.stringify(packet.err)}`);
  const { decisions } = Decisions.parse('response' in packet ? packet.response : undefined);
  if (decisions.length !== count) throw new Error(`policy answered ${decisions.length} of ${count} machines`);
  return decisions;
}
