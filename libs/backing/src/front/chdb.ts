// chdb's native binding, as far as it is used here. Its own Session class is not used: while any statement runs anywhere
// in the process, that class puts off the closing of every session, and settles all that at once when the statement ends:
// after one of 10 s among 1,500 small ones the event loop stood still for 1.6 s (measured). Here each connection is closed
// when its own statement is done.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isRecord } from '../json.js';

export interface ChdbResult {
  bytes: Uint8Array;
  elapsed: number;
  rowsRead: number;
  bytesRead: number;
}

export interface ChdbPiece {
  bytes: Uint8Array;
  numRows: number;
}

/** Settings, parameters and the chosen database are those of a connection. One statement at a time. */
export interface ChdbConnection {
  query(sql: string, format: string): Promise<ChdbResult>;
  /** Only for SELECT. An early return ends it. */
  stream(sql: string, format: string): AsyncGenerator<ChdbPiece, void, void>;
  /** Not while a statement runs. */
  close(): void;
}

type Handle = object;

interface Native {
  CreateConnection(dataDir: string): Handle;
  CloseConnection(connection: Handle): void;
  QueryAsyncConnection(connection: Handle, sql: string, format: string): Promise<ChdbResult>;
  StreamQuery(connection: Handle, sql: string, format: string): Handle;
  StreamFetch(stream: Handle): Promise<ChdbPiece & { done?: boolean }>;
  StreamCancel(stream: Handle): void;
}

const used = [
  'CreateConnection',
  'CloseConnection',
  'QueryAsyncConnection',
  'StreamQuery',
  'StreamFetch',
  'StreamCancel',
] as const satisfies (keyof Native)[];

/**
 * @param engineFolder where npm installed chdb
 * @returns what opens a connection; all share one engine and one data folder
 */
export function loadChdb(engineFolder: string): (dataDir: string) => ChdbConnection {
  const loader: unknown = createRequire(join(engineFolder, 'package.json'))(
    join(engineFolder, 'node_modules', 'chdb', 'dist', 'loader.js'),
  );
  const native: unknown =
    isRecord(loader) && typeof loader['loadNative'] === 'function' ? loader['loadNative']() : undefined;
  if (!isNative(native))
    throw new Error(`${engineFolder} holds no chdb that is known here. Remove it: it is fetched again`);
  return (dataDir) => connect(native, dataDir);
}

function isNative(module: unknown): module is Native {
  return isRecord(module) && used.every((name) => typeof module[name] === 'function');
}

function connect(native: Native, dataDir: string): ChdbConnection {
  const connection = native.CreateConnection(dataDir);
  return {
    query: (sql, format) => native.QueryAsyncConnection(connection, sql, format),
    stream: (sql, format) => readStream(native, native.StreamQuery(connection, sql, format)),
    close: () => native.CloseConnection(connection),
  };
}

/** A stream that came to its end, or failed, is freed by the engine. */
async function* readStream(native: Native, stream: Handle): AsyncGenerator<ChdbPiece, void, void> {
  let open = true;
  try {
    for (;;) {
      open = false;
      const piece = await native.StreamFetch(stream);
      if (piece.done === true) return;
      open = true;
      yield piece;
    }
  } finally {
    if (open) native.StreamCancel(stream);
  }
}
