// The way of a check-in: parse, resolve and judge, ask policy if needed, append the facts, answer. An answer is held until its
// facts are acknowledged: what was answered is never lost. If the process dies before that, the machine got no answer and asks
// again; a fact without an answer may be in the log then, which is no harm.
import type { AnswerReason, Fact, Position } from '@platte/facts';
import { parseRequest, type MalformedCause, type ParsedRequest, renderResponse } from '@platte/omaha';
import type { AskedMachine, Decision, SnapshotIndex } from '@platte/rollout';
import { replies } from './fixed-replies.js';
import type { Reply } from './omaha-server.js';
import { toResponse } from './response.js';
import { isShed, type HeldLimits } from './shedding.js';
import { answerOf, type MachineVisit, repeatAnswers, toAsked, toFacts, toVisit, type Visit } from './visit.js';

export interface CheckInsOptions {
  now: () => number;
  nextPosition: (now: number) => Position;
  findApplication: (id: string) => SnapshotIndex | undefined;
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
  refused: (reason: AnswerReason, address: string, body: Uint8Array) => void;
  answered: (reason: AnswerReason | 'no-check', pollIntervalSeconds: number) => void;
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
  let held = 0;
  let onDrained: (() => void) | undefined;

  function release(): void {
    held--;
    if (held === 0) onDrained?.();
  }

  function receive(body: Uint8Array, address: string, reply: Reply): void {
    if (!options.hasRoom() || isShed(held, body, options.heldLimits)) {
      seen.shed();
      reply.refuse(replies.overloaded);
      return;
    }
    const request = parseRequest(body);
    if (request.kind === 'malformed') {
      seen.malformed(request.cause, address, body);
      reply.refuse(request.cause === 'json' ? replies.unsupported : replies.malformed);
      return;
    }
    seen.parsed(request);
    const now = options.now();
    const { nextPosition, findApplication } = options;
    const context = { address, now, nextPosition, findApplication };
    const visits = request.apps.map((app) => toVisit(request, app, context));
    for (const visit of visits) if (visit.kind === 'refused') seen.refused(visit.reason, address, body);
    const asking = toAsked(visits);
    held++;
    if (asking.length === 0) record(visits, now, reply);
    else void askThenRecord(visits, asking, now, reply);
  }

  async function askThenRecord(
    visits: readonly Visit[],
    asking: readonly MachineVisit[],
    now: number,
    reply: Reply,
  ): Promise<void> {
    const decisions = await options.ask(asking.flatMap(({ asked }) => asked ?? []));
    for (const [index, visit] of asking.entries()) takeDecision(visit, decisions?.[index]);
    repeatAnswers(visits, asking);
    record(visits, now, reply);
  }

  function record(visits: readonly Visit[], now: number, reply: Reply): void {
    const facts = toFacts(visits);
    if (facts.length === 0) {
      answer(visits, now, reply);
      return;
    }
    options.append(facts, (error) => {
      if (error === undefined) answer(visits, now, reply);
      else giveUp(error, reply);
    });
  }

  function giveUp(error: Error, reply: Reply): void {
    release();
    seen.lost(error);
    reply.refuse(replies.overloaded);
  }

  function answer(visits: readonly Visit[], now: number, reply: Reply): void {
    const automatic = options.pollIntervalSeconds();
    reply.document(renderResponse(toResponse(visits, now, automatic)));
    release();
    for (const visit of visits) seen.answered(reasonOf(visit), visit.pollIntervalSeconds ?? automatic);
  }

  return {
    receive,
    held: () => held,
    drained: () => (held === 0 ? Promise.resolve() : new Promise((resolve) => (onDrained = resolve))),
  };
}

/** An offer counts only with an answer that makes one, and such an answer only with its offer: else policy did not answer. */
function takeDecision(visit: MachineVisit, decision: Decision | undefined): void {
  const offers = decision?.answer.reason === 'granted' || decision?.answer.reason === 're-offered';
  const isSound = decision !== undefined && (!offers || decision.offer !== undefined);
  visit.checkIn.answer = isSound ? decision.answer : { reason: 'policy-unavailable', inputs: { target: visit.target } };
  visit.offer = offers ? (decision?.offer ?? null) : null;
}

function reasonOf(visit: Visit): AnswerReason | 'no-check' {
  return visit.kind === 'refused' ? visit.reason : (answerOf(visit)?.reason ?? 'no-check');
}
