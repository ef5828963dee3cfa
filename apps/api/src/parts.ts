// What the controllers work with: made by main.ts (or a test), the same for all of them. A class only because Nest finds
// what a constructor wants by class.
import type { History } from '@platte/history';
import type { Health, Log } from '@platte/service';
import type { Store } from '@platte/state-store';
import type { RunCommand } from './commands.js';
import type { NatsLink } from './nats-link.js';

export abstract class ApiParts {
  abstract readonly store: Store;
  abstract readonly history: History;
  abstract readonly nats: NatsLink;
  abstract readonly runCommand: RunCommand;
  abstract readonly health: Health;
  abstract readonly log: Log;
  abstract readonly version: string;
  /** What names in NATS begin with; undefined but in tests. */
  abstract readonly logPrefix: string | undefined;
  /** Facts that wait for one listener of the live stream; another number only in tests. */
  readonly liveWaitingMax?: number;
  /** Live streams that one token or person may hold at once. */
  abstract readonly streamsPerCaller: number;
  /** Milliseconds since the epoch. */
  abstract readonly now: () => number;
}
