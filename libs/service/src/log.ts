// One JSON line per event on stdout. JSON keeps newlines of foreign text escaped; fields named like a secret are removed.
import { pino, type Logger } from 'pino';

export type Log = Logger;

const secretNames = ['password', 'token', 'secret', 'authorization', 'cookie', 'tttoken', 'natsPassword'];

export function makeLog({ program, level = 'info' }: { program: string; level?: string }): Log {
  return pino({
    level,
    base: { program, pid: process.pid },
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), remove: true },
  });
}
