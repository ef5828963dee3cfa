// Names of everything that lives in NATS. The prefix is `platte` except in tests, which use one each to be alone.

export interface LogNames {
  /** Facts: appended by programs on `<subject>.<program>`, followed by durable consumers. */
  facts: { stream: string; subject: string };
  /** Counts and samples of refused requests: small, oldest dropped first. */
  refused: { stream: string; subject: string };
  /** Messages that a consumer could not read or apply, until a person retries or drops them. */
  parked: { stream: string; subject: string };
  /** KV bucket with one snapshot per application, and the test clock. */
  bucket: string;
}

/** Tells policies which rows of machines another wrote: `[sender, ...keys]`; without keys all, as after a replay. */
export const writtenRowsSubject = 'platte.instances.written';

/** Asked by policy: what the archive has of grants and of people's changes. Analytics answers, in several messages. */
export const archivedSubject = 'platte.history.archived';
/** Header of the last, empty one: without it the answer is cut short. */
export const archivedEndHeader = 'Platte-End';

export const defaultPrefix = 'platte';

export function logNames(prefix: string = defaultPrefix): LogNames {
  const stream = (name: string) => (prefix === defaultPrefix ? name : `${prefix}_${name}`);
  return {
    facts: { stream: stream('FACTS'), subject: `${prefix}.facts` },
    refused: { stream: stream('REFUSED'), subject: `${prefix}.refused` },
    parked: { stream: stream('PARKED'), subject: `${prefix}.parked` },
    bucket: `${prefix}-catalog`,
  };
}
