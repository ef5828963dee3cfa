// Where a batch goes: to the stream, or to the spool on disk. One of four modes, and what leaves each:
//
//   direct    the spool is empty: batches are published. A batch that NATS refuses, or does not acknowledge in time, goes
//             to the spool -> spooling.
//   spooling  every new batch goes to the end of the spool, also while the spool drains. Draining begins when NATS is
//             connected, and pauses with back-off whenever it fails.
//   closing   little is left in the spool and the last drain went well: new batches wait in memory, or the spool would
//             never be empty under load. Drained -> direct; a failure puts them into the spool -> spooling.
//   closed    nothing is taken.
//
// Without a spool there is only `direct`, and failures are the caller's.
import type { NatsConnection } from '@nats-io/transport-node';
import { type AckedPublisher, makeAckedPublisher, type PublishTrouble } from './acked-publisher.js';
import { AppendError } from './append-error.js';
import { makeDrain } from './drain.js';
import type { Spool } from './spool.js';

/** The facts of one message, with the callbacks of the requests that they came from. */
export interface Batch {
  id: string;
  body: Uint8Array;
  facts: number;
  headers?: Readonly<Record<string, string>> | undefined;
  since: number;
  onDone: ((error?: AppendError) => void)[];
}

export interface BatchEnd {
  error?: AppendError | undefined;
  to: 'stream' | 'spool';
}

export interface RouteOptions {
  nc: NatsConnection | Promise<NatsConnection>;
  subject: string;
  ackTimeoutMs: number;
  spool?: Spool | undefined;
  onEnd: (batch: Batch, end: BatchEnd) => void;
  hooks?: { onLateAck?: () => void; onDrained?: (messages: number) => void } | undefined;
  say?: ((line: string) => void) | undefined;
}

export interface Route {
  send: (batch: Batch) => void;
  /** Whether the spool could take `queuedBytes` more, if it came to that; true where it is not in use. */
  hasRoom: (queuedBytes: number) => boolean;
  spooledBytes: () => number;
  /** Where a new batch goes, when `queuedBytes` wait already. */
  leadsTo: (queuedBytes: number) => 'stream' | 'spool' | 'nowhere';
  /** NATS is there and stores nothing. */
  trouble: () => PublishTrouble | undefined;
  close: () => Promise<void>;
}

export function makeRoute(options: RouteOptions): Route {
  return options.spool === undefined ? makeDirectRoute(options) : makeSpooledRoute(options, options.spool);
}

/** The publisher as soon as there is a connection. */
function holdPublisher(
  options: RouteOptions,
  onChange: () => void,
): { now: () => AckedPublisher | undefined; close: () => void } {
  let publisher: AckedPublisher | undefined;
  let isClosed = false;
  const take = (nc: NatsConnection): void => {
    if (isClosed) return;
    publisher = makeAckedPublisher(nc, {
      subject: options.subject,
      ackTimeoutMs: options.ackTimeoutMs,
      // The first state is told before the publisher is in the variable.
      onUp: () => queueMicrotask(onChange),
      onLateAck: () => options.hooks?.onLateAck?.(),
    });
  };
  // Whoever connects reports why it could not: here it only stays away.
  if (options.nc instanceof Promise) void options.nc.then(take, () => {});
  else take(options.nc);
  return {
    now: () => (publisher?.isUp() === true ? publisher : undefined),
    close: () => {
      isClosed = true;
      publisher?.close();
    },
  };
}

function makeDirectRoute(options: RouteOptions): Route {
  const held = holdPublisher(options, () => {});
  return {
    send: (batch) => {
      const publisher = held.now();
      if (publisher !== undefined)
        return publisher.publish(batch, (error) => options.onEnd(batch, { error, to: 'stream' }));
      const error = new AppendError('away', 'there is no connection to NATS');
      queueMicrotask(() => options.onEnd(batch, { error, to: 'stream' }));
    },
    hasRoom: () => true,
    spooledBytes: () => 0,
    leadsTo: () => (held.now() === undefined ? 'nowhere' : 'stream'),
    trouble: () => held.now()?.trouble(),
    close: async () => held.close(),
  };
}

/** So little in the spool is drained in a few milliseconds: new batches may wait for that. */
const closingBytesMax = 1024 * 1024;

function makeSpooledRoute(options: RouteOptions, spool: Spool): Route {
  const waiting: Batch[] = [];
  let isClosing = false;
  /** Until facts go to the stream again: a spool that cannot be written is tried every second. */
  let isSpoolingSaid = false;
  const held = holdPublisher(options, () => {
    if (held.now() === undefined) leave('spooling');
    drain.wake();
  });

  const drain = makeDrain({
    spool,
    publisher: held.now,
    onSegment: (messages) => {
      options.hooks?.onDrained?.(messages);
      if (spool.isEmpty()) {
        options.say?.('the spool is empty: facts go to NATS again');
        leave('direct');
      } else isClosing ||= spool.bytes() <= closingBytesMax;
    },
    onFailed: () => leave('spooling'),
    say: options.say,
  });

  function leave(to: 'direct' | 'spooling'): void {
    isClosing = false;
    const batches = waiting.splice(0);
    for (const batch of batches) (to === 'direct' ? send : putIntoSpool)(batch);
  }
  function send(batch: Batch): void {
    if (isClosing) return void waiting.push(batch);
    const publisher = spool.isEmpty() ? held.now() : undefined;
    if (publisher === undefined) return putIntoSpool(batch);
    publisher.publish(batch, (error) => {
      if (error === undefined) {
        isSpoolingSaid = false;
        options.onEnd(batch, { to: 'stream' });
      } else if (error.reason === 'too-large') options.onEnd(batch, { error, to: 'stream' });
      else putIntoSpool(batch, error);
    });
  }
  function putIntoSpool(batch: Batch, cause?: AppendError): void {
    if (!isSpoolingSaid)
      options.say?.(`facts go to the spool in ${spool.folder}: ${cause?.message ?? 'there is no connection to NATS'}`);
    isSpoolingSaid = true;
    spool.append(batch, (error) => {
      options.onEnd(batch, { error, to: 'spool' });
      drain.wake();
    });
  }

  const isDirect = () => spool.isEmpty() && held.now() !== undefined;
  return {
    send,
    hasRoom: (queuedBytes) => isDirect() || spool.hasRoom(queuedBytes),
    spooledBytes: spool.bytes,
    leadsTo: (queuedBytes) => (isDirect() ? 'stream' : spool.hasRoom(queuedBytes) ? 'spool' : 'nowhere'),
    trouble: () => held.now()?.trouble(),
    close: async () => {
      await drain.stop();
      leave('spooling');
      held.close();
      await spool.close();
    },
  };
}
