// What judging could not answer is asked of policy. An idle process asks at the end of the event loop's turn; while a question
// is under way the next machines gather until it is answered, a few milliseconds at most, so that a busy process asks few big
// questions: a message costs its two programs, NATS and PostgreSQL as much as twenty machines in it.
//
// A question that fails, for whatever cause, is answered `policy-unavailable` by whoever asked: never a grant by guess.
import {
  type AskedMachine,
  askedMachinesMax,
  type Decision,
  parseDecisions,
  renderQuestion,
  type SpentNotice,
} from '@platte/rollout';

export interface PolicyQuestions {
  /** The decisions in the order of the machines; null when there is no answer. Never rejects. */
  ask: (asked: readonly AskedMachine[]) => Promise<readonly Decision[] | null>;
  /** Machines that wait for an answer now. */
  waiting: () => number;
}

export interface PolicyQuestionsOptions {
  /** Sends one question and waits for its answer; rejects when none comes in time or nobody listens. */
  request: (question: string) => Promise<string>;
  /** Beyond so many waiting machines a hung policy is taken for absent at once, before held answers fill the memory. */
  waitingMax: number;
  /** Told of groups of which policy says more than was asked. `askedAt` is on the process's own clock. */
  onSpent: (notices: readonly SpentNotice[], askedAt: number) => void;
  /** Told after each question: how many machines it had, how long it took, and the error if it failed. */
  onAnswered: (answered: { machines: number; elapsedMs: number; error?: Error }) => void;
}

/**
 * So long machines gather behind a question that is under way. It bounds what a group that is slow to decide (another program
 * holds its lock) costs the machines of other groups.
 */
const gatherMsMax = 5;

interface Waiting {
  asked: readonly AskedMachine[];
  resolve: (decisions: readonly Decision[] | null) => void;
}

export function makePolicyQuestions({
  request,
  waitingMax,
  onSpent,
  onAnswered,
}: PolicyQuestionsOptions): PolicyQuestions {
  let gathered: Waiting[] = [];
  let gatheredMachines = 0;
  let gathering: NodeJS.Timeout | undefined;
  let underWay = 0;
  let waiting = 0;

  function flush(): void {
    clearTimeout(gathering);
    gathering = undefined;
    if (gathered.length === 0) return;
    const batch = gathered;
    gathered = [];
    gatheredMachines = 0;
    void askAll(batch);
  }

  async function askAll(batch: readonly Waiting[]): Promise<void> {
    const asked = batch.flatMap((one) => one.asked);
    const begun = performance.now();
    underWay++;
    try {
      const { decisions, spent } = parseDecisions(await request(renderQuestion(asked)), asked.length);
      if (spent.length > 0) onSpent(spent, begun);
      onAnswered({ machines: asked.length, elapsedMs: performance.now() - begun });
      spread(batch, decisions);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error('policy could not be asked', { cause });
      onAnswered({ machines: asked.length, elapsedMs: performance.now() - begun, error });
      for (const one of batch) one.resolve(null);
    }
    waiting -= asked.length;
    // At the end of the turn: what the answers bring in at once goes along.
    if (--underWay === 0) setImmediate(flush);
  }

  return {
    waiting: () => waiting,
    ask(asked) {
      if (waiting + asked.length > waitingMax) return Promise.resolve(null);
      waiting += asked.length;
      if (gatheredMachines + asked.length > askedMachinesMax) flush();
      if (gathered.length === 0) {
        if (underWay === 0) setImmediate(flush);
        else gathering = setTimeout(flush, gatherMsMax);
      }
      gatheredMachines += asked.length;
      return new Promise((resolve) => gathered.push({ asked, resolve }));
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
