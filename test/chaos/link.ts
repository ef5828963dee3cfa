// A TCP connection between a client and a server that can be cut, stalled, frozen and delayed: a proxy on loopback, one for
// each link.
//
// open -> cut: connections are reset and new ones are too. open -> stalled: they stay, and no byte passes. A delay holds every
// piece of data for so long, in both directions and in order. Frozen connections stay open and silent for good, whatever
// becomes of the server; new ones work: a fail-over behind a proxy leaves such.
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

export interface Link {
  name: string;
  port: number;
  cut(): void;
  stall(): void;
  /** The connections of now. @returns how many */
  freeze(): number;
  delay(ms: number): void;
  /** As if nothing had been. */
  heal(): void;
  close(): Promise<void>;
}

interface Pair {
  sockets: [Socket, Socket];
  isFrozen: boolean;
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
    // The end of either side passes a stall no more than a byte does.
    const flush = (): void => {
      flushes.forEach((send) => send());
      if (far.destroyed) near.destroySoon();
    };
    const pair: Pair = { sockets: [near, far], isFrozen: false, flush };
    const isHeld = (): boolean => state.mode === 'stalled' || pair.isFrozen;
    const flushes = [pump(near, far, { state, isHeld }), pump(far, near, { state, isHeld })];
    pairs.add(pair);
    far.once('error', () => isHeld() || near.resetAndDestroy());
    far.once('close', () => isHeld() || setTimeout(() => near.destroySoon(), state.delayMs));
    // Of a frozen connection neither end hears that the other is gone.
    near.once('close', () => pair.isFrozen || setTimeout(() => far.destroySoon(), state.delayMs));
    near.once('error', () => pair.isFrozen || far.resetAndDestroy());
    near.once('close', () => pair.isFrozen || pairs.delete(pair));
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
    freeze() {
      for (const pair of pairs) {
        pair.isFrozen = true;
        // What is sent fills the buffers of the kernel, as it does on a network that takes nothing.
        for (const socket of pair.sockets) socket.pause();
      }
      return pairs.size;
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

interface Pumping {
  state: { delayMs: number };
  isHeld: () => boolean;
}

/** @returns what sends the pieces that a stall held back */
function pump(from: Socket, to: Socket, { state, isHeld }: Pumping): () => void {
  const held: (Buffer | null)[] = [];
  const send = (): void => {
    while (held.length > 0 && !isHeld()) {
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
  return send;
}
