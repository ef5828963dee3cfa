// Pulls messages of a durable consumer, never more than were asked for: what a program holds is bounded, and what it does
// not hold is free for its replicas. The library's `consume` asks for more whenever a message arrives, whether or not
// anybody took it; its `fetch` loses what arrives after it was left. This is the same wire protocol with neither.
//
// Facts about it: a request is one message with a reply inbox; the server answers with messages (their subject is the
// stream's, their reply names the acknowledgement) and with statuses (no data, a code). See NATS ADR-13.
import { setTimeout as delay } from 'node:timers/promises';
import { createInbox, type Msg, type NatsConnection, nanos } from '@nats-io/transport-node';
import { followConnection } from './connect.js';
import { type PullEnd, type PullProgress, type PullStatus, trackPull } from './pull-progress.js';

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
/**
 * Two heartbeats missed: the request is lost, by a server that forgot it or a connection that hangs. So are messages that a
 * server sent and that did not come: it gives them to another replica later.
 */
const heartbeatPatienceMs = 12_000;

interface OpenRequest {
  inbox: string;
  progress: PullProgress;
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
    const how = isStatus ? open.progress.onStatus(readStatus(msg)) : open.progress.onMessage();
    if (how !== undefined) end(how);
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
        open = { inbox: reply, progress: trackPull(messages), timer, end: resolve };
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

function readStatus({ headers }: Msg): PullStatus {
  const pending = headers?.get('Nats-Pending-Messages') ?? '';
  return {
    code: headers?.code ?? 0,
    description: headers?.description ?? '',
    pending: /^\d+$/.test(pending) ? Number(pending) : undefined,
  };
}
