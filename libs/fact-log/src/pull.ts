// Pulls messages of a durable consumer, never more than were asked for: what a program holds is bounded, and what it does
// not hold is free for its replicas. The library's `consume` asks for more whenever a message arrives, whether or not
// anybody took it; its `fetch` loses what arrives after it was left. This is the same wire protocol with neither.
//
// Facts about it: a request is one message with a reply inbox; the server answers with messages (their subject is the
// stream's, their reply names the acknowledgement) and with statuses (no data, a code). See NATS ADR-13.
import { setTimeout as delay } from 'node:timers/promises';
import { createInbox, type Msg, type NatsConnection, nanos } from '@nats-io/transport-node';
import { followConnection } from './connect.js';

/** How a request ended: `done` is the ordinary end (full or expired); anything else says what to look after. */
export type PullEnd = { status: 'done' } | { status: 'lost'; reason: string } | { status: 'gone'; reason: string };

export interface Puller {
  /** Asks for at most so many messages; one request at a time. Resolves when nothing more will come of it. */
  pull: (messages: number) => Promise<PullEnd>;
  /** Takes what is on its way, then nothing more. */
  close: () => Promise<void>;
}

export interface PullerOptions {
  stream: string;
  durable: string;
  /** At most so many bytes for one request: at least one message of the largest size. */
  bytesMax: number;
  onMessage: (msg: Msg) => void;
}

/** An idle request is renewed so often; meanwhile the server sends heartbeats. */
const expiresMs = 30_000;
const heartbeatMs = 5000;
/** Two heartbeats missed: the request is lost, by a server that forgot it or a connection that hangs. */
const heartbeatPatienceMs = 12_000;

interface OpenRequest {
  inbox: string;
  wanted: number;
  received: number;
  timer: NodeJS.Timeout;
  end: (end: PullEnd) => void;
}

export function makePuller(nc: NatsConnection, options: PullerOptions): Puller {
  const inbox = createInbox();
  const requestSubject = `$JS.API.CONSUMER.MSG.NEXT.${options.stream}.${options.durable}`;
  let open: OpenRequest | undefined;
  let count = 0;

  function end(how: PullEnd): void {
    const ended = open;
    open = undefined;
    clearTimeout(ended?.timer);
    ended?.end(how);
  }
  function take(msg: Msg): void {
    open?.timer.refresh();
    const isStatus = msg.subject.startsWith(inbox);
    if (!isStatus) options.onMessage(msg);
    // A message of an earlier request that was believed lost counts too: what is held is what is bounded.
    if (open === undefined || (isStatus && msg.subject !== open.inbox)) return;
    if (isStatus) return endByStatus(msg);
    open.received += 1;
    if (open.received >= open.wanted) end({ status: 'done' });
  }
  function endByStatus(msg: Msg): void {
    const how = readStatus(msg);
    if (how === undefined) return;
    // "409" with nothing before it would come again at once: whoever asks should wait first.
    const isIdle = how.status === 'done' && open?.received === 0 && msg.headers?.code === 409;
    end(isIdle ? { status: 'lost', reason: msg.headers?.description ?? '' } : how);
  }

  const subscription = nc.subscribe(`${inbox}.*`, {
    callback: (error, msg) => (error === null ? take(msg) : end({ status: 'lost', reason: error.message })),
  });
  const unfollow = followConnection(nc, ({ up }) =>
    end({ status: 'lost', reason: up ? 'the connection came back' : 'the connection was lost' }),
  );

  return {
    pull: (messages) =>
      new Promise((resolve) => {
        const reply = `${inbox}.${count++}`;
        const timer = setTimeout(() => end({ status: 'lost', reason: 'the server is silent' }), heartbeatPatienceMs);
        open = { inbox: reply, wanted: messages, received: 0, timer, end: resolve };
        const request = {
          batch: messages,
          max_bytes: options.bytesMax,
          expires: nanos(expiresMs),
          idle_heartbeat: nanos(heartbeatMs),
        };
        if (nc.isClosed()) end({ status: 'lost', reason: 'the connection is closed' });
        else nc.publish(requestSubject, JSON.stringify(request), { reply });
      }),
    close: async () => {
      unfollow();
      // Draining waits for a round trip: while the server hangs, nothing is on its way.
      if (!nc.isClosed())
        await Promise.race([subscription.drain(), delay(1000, undefined, { ref: false })]).catch(() => {});
      end({ status: 'lost', reason: 'stopped' });
    },
  };
}

function readStatus(msg: Msg): PullEnd | undefined {
  const code = msg.headers?.code ?? 0;
  const reason = `${code} ${msg.headers?.description ?? ''}`.trim();
  switch (code) {
    case 100:
      return undefined;
    case 404:
    case 408:
      return { status: 'done' };
    case 409:
      // "Consumer Deleted" and its like; what bounds us ("Exceeded MaxAckPending", "Message Size Exceeds MaxBytes") passes.
      return /deleted|leadership|shutdown|not found/i.test(reason) ? { status: 'gone', reason } : { status: 'done' };
    default:
      return { status: 'gone', reason };
  }
}
