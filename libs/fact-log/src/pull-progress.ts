// What has come of one pull request, and whether it is over. Pure: the puller owns connection, inbox and timers.
//
// A server that ends a request sends a status that says how many of the wanted messages it did not send. A single server
// sends it after the messages. A cluster sends it while the messages wait for the agreement of its servers, so that the
// status comes first. The request is over when the messages that the server did send have come.

/** How a request ended: `done` is the ordinary end; `lost` wants a pause, and `gone` a look at the consumer. */
export type PullEnd = { status: 'done' } | { status: 'lost'; reason: string } | { status: 'gone'; reason: string };

/** A status message: an empty message whose headers have a code. */
export interface PullStatus {
  code: number;
  description: string;
  /** Header `Nats-Pending-Messages`: how many messages of the request were not sent. */
  pending: number | undefined;
}

export interface PullProgress {
  /** A message came. */
  onMessage: () => PullEnd | undefined;
  onStatus: (status: PullStatus) => PullEnd | undefined;
}

/** @param wanted number of messages that were requested */
export function trackPull(wanted: number): PullProgress {
  let received = 0;
  let expected = wanted;
  const endIfComplete = (): PullEnd | undefined => (received >= expected ? { status: 'done' } : undefined);
  return {
    onMessage: () => {
      received += 1;
      return endIfComplete();
    },
    onStatus: ({ code, description, pending }) => {
      if (code === 100) return undefined;
      const reason = `${code} ${description}`.trim();
      if (!endsRequest(code, reason)) return { status: 'gone', reason };
      // Without the header the status says nothing of what is under way: what has come is all.
      expected = pending === undefined ? received : wanted - pending;
      // A refusal that sent nothing, such as a message above the request's bytes, would come again at once.
      if (code === 409 && expected === 0 && received === 0) return { status: 'lost', reason };
      return endIfComplete();
    },
  };
}

/** Whether the consumer is there and goes on. "Consumer Deleted" and its like say that it is not, or not there. */
function endsRequest(code: number, reason: string): boolean {
  switch (code) {
    // No messages; the request expired.
    case 404:
    case 408:
      return true;
    // A limit was reached: "Batch Completed", "Exceeded MaxAckPending", "Message Size Exceeds MaxBytes".
    case 409:
      return !/deleted|leadership|shutdown|not found/i.test(reason);
    default:
      return false;
  }
}
