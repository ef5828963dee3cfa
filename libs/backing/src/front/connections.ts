// Connections that are used again. To open one, choose its database and set a dozen settings takes longer than most of our
// statements (of 2.8 ms for `select 1` half). What was set stays set: so one goes only to a request that would set the
// same names of settings to the same values, in the same database, with the same names of parameters, whose values are
// set each time. A statement that failed, was stopped or may have set something itself takes its connection along.
import type { ChdbConnection } from './chdb.js';
import type { Settings } from './users.js';

/** What of a request stays in the connection that serves it. */
export interface Preparation {
  database: string | undefined;
  parameters: ReadonlyMap<string, string>;
  settings: Settings;
  /** Its statement may leave something set in the connection that runs it. */
  leavesTraces: boolean;
}

export interface Connections {
  take(wanted: Preparation): Taken;
  /** Of those that wait; the others close when they are released. */
  close(): void;
}

export interface Taken {
  connection: ChdbConnection;
  /** Database and settings are set already. */
  isPrepared: boolean;
  /** @param isClean its statement ended well */
  release: (isClean: boolean) => void;
}

/** Twice what can run at once: several kinds of statements take turns. */
const waitingMax = 24;
/** Statements of one connection before it is renewed: what an engine may gather in it stays small. */
const usesMax = 10_000;

interface Waiting {
  key: string;
  connection: ChdbConnection;
  uses: number;
}

export function makeConnections(open: () => ChdbConnection): Connections {
  // The one that was used last is at the end.
  const waiting: Waiting[] = [];
  let closed = false;

  function keep(returned: Waiting): void {
    waiting.push(returned);
    if (waiting.length > waitingMax) waiting.shift()?.connection.close();
  }

  return {
    take(wanted) {
      const key = keyOf(wanted);
      const index = waiting.findLastIndex((one) => one.key === key);
      const found = index === -1 ? undefined : waiting.splice(index, 1)[0];
      const { connection, uses } = found ?? { connection: open(), uses: 0 };
      return {
        connection,
        isPrepared: found !== undefined,
        release(isClean) {
          if (isClean && !closed && isReusable(wanted) && uses < usesMax) keep({ key, connection, uses: uses + 1 });
          else connection.close();
        },
      };
    },
    close() {
      closed = true;
      for (const { connection } of waiting.splice(0)) connection.close();
    },
  };
}

/** Once it is read-only nothing can be set in a connection, parameters neither. */
function isReusable({ leavesTraces, settings, parameters }: Preparation): boolean {
  const length = [...parameters.values()].reduce((sum, value) => sum + value.length, 0);
  return !leavesTraces && length < parametersMax && !settings.has('readonly');
}

/** Characters: for longer ones another limit is set in the connection. */
const parametersMax = 16 * 1024;

function keyOf({ database, settings, parameters }: Preparation): string {
  return JSON.stringify([database, [...settings], [...parameters.keys()]]);
}
