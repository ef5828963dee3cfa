// Which faults may cost a machine its answer. No answer at all is for an ingress that was hit itself, or whose connection to the
// fleet was; 503 also for one that could not reach NATS, as its spool is small and is full then. What hits anybody else behind
// ingress is no excuse: machines must not notice.
import type { Disturbance } from './adversary.js';
import type { Told } from './machines.js';

/** Until an ingress that came back is reached again: by a pause of 250 ms before its start, and a start on a busy machine. */
const returnMs = 5_000;
/** Until NATS is reached again, and the spool has made room. */
const drainMs = 15_000;

type Refused = Pick<Told, 'ingress' | 'status' | 'sentAt' | 'answeredAt'>;

export function makeExcuses(disturbances: readonly Disturbance[]): (refused: Refused) => boolean {
  // An hour has some thousand faults and a million answers.
  const byWhat = Map.groupBy(disturbances, ({ what }) => what);
  const natsServers = [...byWhat.keys()].filter((what) => /^nats(-\d)?$/.test(what));
  const during = ({ sentAt, answeredAt }: Refused, what: string, afterMs: number): boolean =>
    (byWhat.get(what) ?? []).some(({ from, to }) => from <= answeredAt && sentAt <= to + afterMs);
  return (refused) => {
    const { ingress, status } = refused;
    if (status !== 0 && status !== 503) return false;
    if (during(refused, ingress, returnMs) || during(refused, `fleet>${ingress}`, returnMs)) return true;
    if (status === 0) return false;
    const links = [...byWhat.keys()].filter((what) => what.startsWith(`${ingress}>nats`));
    return [...natsServers, ...links, 'every ingress>nats'].some((what) => during(refused, what, drainMs));
  };
}
