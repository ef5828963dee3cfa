// Destroys the socket of a connection that the driver has found stale. The driver closes it with a last write, which waits
// for ever behind what was written before when the other end takes nothing: it would never dial again, and a program under
// load would be without NATS until it is restarted.
import type { NatsConnection } from '@nats-io/transport-node';

export function destroyStale(nc: NatsConnection): void {
  void (async () => {
    for await (const { type } of nc.status()) if (type === 'staleConnection') socketOf(nc)?.destroy();
  })();
}

interface Socket {
  destroy: () => void;
}

/** Inside of the driver, which has no door to it; a test notices when it moves. */
function socketOf(nc: { protocol?: { transport?: { socket?: Socket } } } & object): Socket | undefined {
  return nc.protocol?.transport?.socket;
}
