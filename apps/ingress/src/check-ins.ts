// The way of a check-in: parse, resolve and judge, ask policy if needed, append the facts, answer. An answer is held until its
// facts are acknowledged: what was answered is never lost. If the process dies before that, the machine got no answer and asks
// again; a fact without an answer may be in the log then, which is no harm.
import type { Answer, AnswerReason, Fact, Position } from '@platte/facts';
import { parseRequest, type MalformedCause, type ParsedRequest, renderResponse } from '@platte/omaha';
import type { AskedMachine, Decision, SnapshotIndex } from '@platte/rollout';
import { replies } from './fixed-replies.js';
import { makeHeldAnswers } from './held-answers.js';
import type { NewMachines } from './new-machines.js';
import type { Reply } from './omaha-server.js';
import { toResponse } from './response.js';
import { isShed, type HeldLimits } from './shedding.js';
import { refuseSpent, repeatAnswers, takeDecision, toAsked } from './asking.js';
import { answerOf, type Assumed, type MachineVisit, toFacts, toVisit, type Visit } from './visit.js';

export interface CheckInsOptions {
  now: () => number;
  nextPosition: (now: number) => Position;
  findApplication: (id: string) => SnapshotIndex | undefined;
  admit: NewMachines['admit'];
  assumed: Assumed;
  /** What policy said of the machine's group beforehand; null: it must be asked. */
  refuseSpent: (asked: AskedMachine, target: string) => Answer | null;
  ask: (asked: readonly AskedMachine[]) => Promise<readonly Decision[] | null>;
  /** Calls back when the facts are safe; with an error when they cannot be taken: then the answer is 503. */
  append: (facts: readonly Fact[], onDone: (error?: Error) => void) => void;
  /** Whether the log could take another request's facts. Cheap: asked before parsing. */
  hasRoom: () => boolean;
  pollIntervalSeconds: () => number;
  heldLimits: HeldLimits;
  seen: CheckInCounters;
}

/** What is counted. Called at the hot path: each must be cheap. */
export interface CheckInCounters {
  malformed: (cause: MalformedCause, address: string, body: Uint8Array) => void;
  parsed: (request: ParsedRequest) => void;
  shed: () => void;
  lost: (error: Error) => void;
  /** A mistake of ours. */
  failed: (error: unknown, address: string, body: Uint8Array) => void;
  /** A mistake of ours that cost one application of the request its answer. */
  ruleFailed: (error: unknown, address: string, body: Uint8Array) => void;
  refused: (reason: AnswerReason, address: string, body: Uint8Array) => void;
  answered: (reason: AnswerReason | 'no-check', pollIntervalSeconds: number) => void;
}

/** A request on its way, and how it is answered. */
interface Post {
  body: Uint8Array;
  address: string;
  reply: Reply;
  now: number;
}

export interface CheckIns {
  receive: (body: Uint8Array, address: string, reply: Reply) => void;
  /** Requests whose answers are held now. */
  held: () => number;
  /** Resolves when no answer is held. */
  drained: () => Promise<void>;
}

export function makeCheckIns(options: CheckInsOptions): CheckIns {
  const { seen } = options;
  const held = makeHeldAnswers();

  function receive(body: Uint8Array, address: string, reply: Reply): void {
    if (!options.hasRoom() || isShed(held.count(), body, options.heldLimits)) {
      seen.shed();
      reply.refuse(replies.overloaded);
      return;
    }
    const post = { body, address, reply: held.hold(reply), now: options.now() };
    guarded(post, () => take(post));
  }

  /**
   * A mistake of ours that one request brings out must not end the process: the machine would send the request again, to the
   * next replica. It is told 500, and people are told of the mistake.
   */
  function guarded(post: Post, step: () => void): void {
    try {
      step();
    } catch (error) {
      post.reply.refuse(replies.failed);
      seen.failed(error, post.address, post.body);
    }
  }

  function take(post: Post): void {
    const { body, address, now, reply } = post;
    const request = parseRequest(body);
    if (request.kind === 'malformed') {
      reply.refuse(request.cause === 'json' ? replies.unsupported : replies.malformed);
      seen.malformed(request.cause, address, body);
      return;
    }
    seen.parsed(request);
    const { nextPosition, findApplication, admit, assumed } = options;
    const onRuleFailed = (error: unknown): void => seen.ruleFailed(error, address, body);
    const context = { address, now, nextPosition, findApplication, admit, assumed, onRuleFailed };
    const visits = request.apps.map((app) => toVisit(request, app, context));
    for (const visit of visits) if (visit.kind === 'refused') seen.refused(visit.reason, address, body);
    refuseSpent(visits, options.refuseSpent);
    const asking = toAsked(visits);
    if (asking.length === 0) record(post, visits);
    else void askThenRecord(post, visits, asking);
  }

  async function askThenRecord(post: Post, visits: readonly Visit[], asking: readonly MachineVisit[]): Promise<void> {
    const decisions = await options.ask(asking.flatMap(({ asked }) => asked ?? []));
    guarded(post, () => {
      for (const [index, visit] of asking.entries()) takeDecision(visit, decisions?.[index]);
      repeatAnswers(visits, asking);
      record(post, visits);
    });
  }

  function record(post: Post, visits: readonly Visit[]): void {
    const facts = toFacts(visits);
    if (facts.length === 0) {
      answer(post, visits);
      return;
    }
    options.append(facts, (error) => {
      if (error === undefined) guarded(post, () => answer(post, visits));
      else {
        post.reply.refuse(replies.overloaded);
        seen.lost(error);
      }
    });
  }

  function answer({ reply, now }: Post, visits: readonly Visit[]): void {
    const automatic = options.pollIntervalSeconds();
    reply.document(renderResponse(toResponse(visits, now, automatic)));
    for (const visit of visits) seen.answered(reasonOf(visit), visit.pollIntervalSeconds ?? automatic);
  }

  return { receive, held: held.count, drained: held.drained };
}

function reasonOf(visit: Visit): AnswerReason | 'no-check' {
  return visit.kind === 'refused' ? visit.reason : (answerOf(visit)?.reason ?? 'no-check');
}
