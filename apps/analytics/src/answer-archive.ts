// Answers policy, whose database forgot grants that the log no longer has: what the archive has of them, in several messages.
import { archivedEndHeader, archivedSubject, headers, type Msg, type NatsConnection } from '@platte/fact-log';
import { type History, readArchivedGrants } from '@platte/history';
import type { Log } from '@platte/service';
import { z } from 'zod';

/** Far below what a message may have; one fact has a few thousand bytes at most. */
const bytesPerMessage = 256 * 1024;
const Span = z.object({ since: z.number().int().nonnegative(), before: z.number().int().nonnegative() });

interface Needs {
  nats: NatsConnection;
  history: History;
  log: Log;
  /** Another one only in tests, which share a server. */
  subject?: string | undefined;
}

export function answerArchive({ nats, history, log, subject = archivedSubject }: Needs): { stop: () => Promise<void> } {
  async function answer(message: Msg): Promise<void> {
    try {
      const span = Span.parse(message.json());
      for await (const facts of readArchivedGrants(history, span))
        for (const part of toParts(facts)) message.respond(part);
      const end = headers();
      end.set(archivedEndHeader, 'yes');
      message.respond('', { headers: end });
    } catch (error) {
      // Policy ignores an answer that has no end message, and requests it again.
      log.warn({ err: error }, 'the archive could not be read for policy');
      message.respond('');
    }
  }
  const subscription = nats.subscribe(subject, {
    queue: 'analytics',
    callback: (error, message) => {
      if (error === null) void answer(message);
    },
  });
  return { stop: () => subscription.drain().catch(() => {}) };
}

/** JSON arrays of as many facts as fit. */
function* toParts(facts: readonly string[]): Generator<string> {
  let [part, bytes]: [string[], number] = [[], 0];
  for (const fact of facts) {
    const size = Buffer.byteLength(fact) + 1;
    if (bytes + size > bytesPerMessage && part.length > 0) {
      yield `[${part.join(',')}]`;
      [part, bytes] = [[], 0];
    }
    part.push(fact);
    bytes += size;
  }
  if (part.length > 0) yield `[${part.join(',')}]`;
}
