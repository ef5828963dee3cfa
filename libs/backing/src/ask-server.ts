// Whether a server answers, asked as a stranger: without a password, and with nothing that it must look up. A process that is there
// and does not answer hangs.
import { connect, type Socket } from 'node:net';

/** Resolves when it has answered. */
export type Ask = (signal: AbortSignal) => Promise<void>;

/** @throws Error for any other answer than 200 */
export function askHttp(url: string): Ask {
  return async (signal) => {
    const response = await fetch(url, { signal });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  };
}

/** nats-server speaks first, to anybody. */
export function askNats({ host, port }: { host: string; port: number }): Ask {
  return (signal) => untilBytes(connect({ host, port, signal }), '');
}

/** Length and code of an SSLRequest: PostgreSQL answers one byte, yes or no, also while it recovers. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

export function askPostgres({ host, port }: { host: string; port: number }): Ask {
  return (signal) => untilBytes(connect({ host, port, signal }), sslRequest);
}

function untilBytes(socket: Socket, question: string | Uint8Array): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    socket.once('data', () => resolve());
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection closed without an answer')));
    if (question.length > 0) socket.write(question);
  }).finally(() => socket.destroy());
}
