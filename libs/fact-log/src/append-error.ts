// Why facts were not taken. Whoever gets one must not say that they were: ingress answers 503, a relay tries again.

export type AppendFailure =
  /** More waits for its acknowledgement than the limits allow. */
  | 'queue-full'
  /** One request's facts are larger than a message of the server may be. */
  | 'too-large'
  /** No connection, and no spool to write to. */
  | 'away'
  | 'no-ack'
  /** The server said no: the stream is full, missing, or has no leader. */
  | 'refused'
  | 'spool-full'
  /** The disk of the spool said no. */
  | 'spool-failed'
  /** The program is stopping. */
  | 'closed';

export class AppendError extends Error {
  readonly reason: AppendFailure;

  constructor(reason: AppendFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AppendError';
    this.reason = reason;
  }
}
