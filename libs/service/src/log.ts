// One JSON line per event on stdout. JSON keeps newlines of foreign text escaped; fields named like a secret are removed, and so
// are credentials in URLs, wherever a driver's message or a stack has them.
import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { hideCredentials } from './hide-credentials.js';

export type Log = Logger;

const secretNames = ['password', 'token', 'secret', 'authorization', 'cookie', 'tttoken', 'natsPassword'];

// oxlint-disable-next-line no-control-regex -- JSON escapes the first 32 of them itself
const hidden = /(?![\u200C\u200D])[\u007F-\u009F\p{Cf}\u2028\u2029]/gu;

/** What JSON leaves as it is and a terminal obeys, or reads in another order: written as JSON may write it. */
function escapeHidden(line: string): string {
  return line.replaceAll(hidden, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  );
}

export interface LogOptions {
  program: string;
  level?: string;
  /** Elsewhere than stdout. */
  to?: DestinationStream;
}

export function makeLog({ program, level = 'info', to }: LogOptions): Log {
  const options: LoggerOptions = {
    level,
    base: { program, pid: process.pid },
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    hooks: { streamWrite: (line) => escapeHidden(hideCredentials(line)) },
    redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), remove: true },
  };
  return to === undefined ? pino(options) : pino(options, to);
}
