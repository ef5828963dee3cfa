// Which machines of a request are asked about, and what becomes of the decisions: one question per machine and application, at
// most one grant, and no offer without the answer that makes it.
import type { Answer } from '@platte/facts';
import type { AskedMachine, Decision } from '@platte/rollout';
import type { MachineVisit, Visit } from './visit.js';

/** Answers those of whose groups policy said beforehand that they have nothing to give. */
export function refuseSpent(
  visits: readonly Visit[],
  refuse: (asked: AskedMachine, target: string) => Answer | null,
): void {
  for (const visit of visits) {
    if (visit.kind !== 'machine' || visit.asked === null) continue;
    const answer = refuse(visit.asked, visit.target);
    if (answer === null) continue;
    visit.checkIn.answer = answer;
    visit.asked = null;
  }
}

/** What is asked of policy for these visits: once per machine and application, however often a request names them. */
export function toAsked(visits: readonly Visit[]): MachineVisit[] {
  const asking = visits.filter((visit): visit is MachineVisit => visit.kind === 'machine' && visit.asked !== null);
  if (asking.length < 2) return asking;
  return asking.filter((visit, index) => asking.findIndex((other) => isSameMachine(visit, other)) === index);
}

/** Gives the answers of those that were asked to those that repeat them in the same request: at most one is a grant. */
export function repeatAnswers(visits: readonly Visit[], asked: readonly MachineVisit[]): void {
  for (const visit of visits) {
    if (visit.kind !== 'machine' || visit.asked === null || asked.includes(visit)) continue;
    const first = asked.find((other) => isSameMachine(visit, other));
    if (first?.checkIn.answer === undefined) continue;
    const { answer } = first.checkIn;
    visit.checkIn.answer = answer.reason === 'granted' ? { ...answer, reason: 're-offered' } : answer;
    visit.offer = first.offer;
  }
}

const isSameMachine = (a: MachineVisit, b: MachineVisit): boolean =>
  a.checkIn.app === b.checkIn.app && a.checkIn.machine === b.checkIn.machine;

/** An offer counts only with an answer that makes one, and such an answer only with its offer: else policy did not answer. */
export function takeDecision(visit: MachineVisit, decision: Decision | undefined): void {
  const offers = decision?.answer.reason === 'granted' || decision?.answer.reason === 're-offered';
  const isSound = decision !== undefined && (!offers || decision.offer !== undefined);
  visit.checkIn.answer = isSound ? decision.answer : { reason: 'policy-unavailable', inputs: { target: visit.target } };
  visit.offer = offers ? (decision?.offer ?? null) : null;
}
