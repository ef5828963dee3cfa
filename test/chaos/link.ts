// A TCP connection between a client and a server that can be cut, stalled and delayed: a proxy on loopback, one for each link.
//
// open -> cut: connections are reset and new ones are too. open -> stalled: they stay, and no byte passes. A delay holds every
// piece of data for so long, in both directions and in order.
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

export interface Link {
  name: string;
  port: number;
  cut(): void;
  stall(): void;
  delay(ms: number): void;
  /** As if nothing had been. */
  heal(): void;
  close(): Promise<void>;
}

interface Pair {
  sockets: [Socket, Socket];
  /** Lets data pass again after a stall. */
  flush(): void;
}

export async function openLink(name: string, targetPort: () => number): Promise<Link> {
  const pairs = new Set<Pair>();
  const state = { mode: 'open' as 'open' | 'cut' | 'stalled', delayMs: 0 };
  const server = createServer({ noDelay: true }, (near) => {
    if (state.mode === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: targetPort(), noDelay: true });
    const flushes = [pump(near, far, state), pump(far, near, state)];
    const pair: Pair = { sockets: [near, far], flush: () => flushes.forEach((flush) => flush()) };
    pairs.add(pair);
    far.once('error', () => near.resetAndDestroy());
    near.once('error', () => far.resetAndDestroy());
    near.once('close', () => pairs.delete(pair));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a link listens on a port');

  const breakAll = (): void => {
    for (const { sockets } of pairs) for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    name,
    port: address.port,
    cut() {
      state.mode = 'cut';
      breakAll();
    },
    stall() {
      state.mode = 'stalled';
    },
    delay(ms) {
      state.delayMs = ms;
    },
    heal() {
      state.mode = 'open';
      state.delayMs = 0;
      for (const pair of pairs) pair.flush();
    },
    async close() {
      server.close();
      breakAll();
      await once(server, 'close');
    },
  };
}

/** @returns what sends the pieces that a stall held back */
function pump(from: Socket, to: Socket, state: { mode: string; delayMs: number }): () => void {
  const held: (Buffer | null)[] = [];
  const send = (): void => {
    while (held.length > 0 && state.mode !== 'stalled') {
      const piece = held.shift();
      if (piece === null) to.end();
      else if (piece !== undefined && to.writable) to.write(piece);
    }
  };
  const pass = (piece: Buffer | null): void => {
    held.push(piece);
    // One timer for each piece, and the queue in between: pieces of one connection never overtake each other.
    if (state.delayMs > 0) setTimeout(send, state.delayMs);
    else if (held.length === 1) send();
  };
  from.on('data', pass);
  from.on('end', () => pass(null));
  from.on('close', () => setTimeout(() => to.destroySoon(), state.delayMs));
  return send;
}
