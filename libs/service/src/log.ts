// One JSON line per event on stdout. JSON keeps newlines of foreign text escaped; fields named like a secret are removed.
import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';

export type Log = Logger;

const secretNames = ['password', 'token', 'secret', 'authorization', 'cookie', 'tttoken', 'natsPassword'];

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
    redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), remove: true },
  };
  return to === undefined ? pino(options) : pino(options, to);
}
