// How a program tells its parent that it serves, and where: ports may have been asked for as 0.
import type { Log } from './log.js';

export interface ReadyMessage {
  kind: 'platte-ready';
  program: string;
  /** Real ports by their purpose: `{ omaha: 8000, internal: 40123 }`. */
  ports: Record<string, number>;
  /** What people and other programs would call: `{ omaha: 'http://127.0.0.1:8000/v1/update/' }`. No credentials. */
  urls: Record<string, string>;
}

/** Logs it; and sends it to the parent where this process was forked with an IPC channel. */
export function announceReady({ log, ...served }: { log: Log } & Omit<ReadyMessage, 'kind'>): void {
  log.info({ ports: served.ports, urls: served.urls }, 'ready');
  const message: ReadyMessage = { kind: 'platte-ready', ...served };
  // A parent that is gone is noticed by the stopper; the message has nobody to reach then.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

export function isReadyMessage(message: unknown): message is ReadyMessage {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'platte-ready';
}
