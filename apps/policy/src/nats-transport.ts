// How questions and commands reach Nest's handlers: NATS request/reply in the queue group `policy`, so that one replica
// takes each. Two spellings come in: Nest's own packet, and plain JSON from whoever uses no framework; each is answered
// in its own.
import { type MicroserviceOptions, Transport } from '@nestjs/microservices';
import { toAccessOptions } from '@platte/fact-log';
import { toNatsAccess } from '@platte/service';
import type { Config } from './config.js';

/** Longer than any decision takes; requests that came in before the end are answered within it. */
const gracePeriodMs = 1_000;
/** Marks a packet whose sender wants no packet back. */
const plainId = 'plain';

export function toTransport(config: Config): MicroserviceOptions {
  return {
    transport: Transport.NATS,
    options: {
      ...toAccessOptions(toNatsAccess(config)),
      name: 'platte-policy-handlers',
      queue: 'policy',
      gracefulShutdown: true,
      gracePeriod: gracePeriodMs,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      reconnectJitter: 250,
      pingInterval: 5_000,
      maxPingOut: 2,
      deserializer: { deserialize: readPacket },
      serializer: { serialize: writePacket },
    },
  };
}

interface IncomingPacket {
  pattern: string;
  id: string;
  data: unknown;
}

/** What is no JSON becomes data that no handler's schema takes: it is refused there, with a reason. */
export function readPacket(message: { data: Uint8Array }, options?: { channel?: string }): IncomingPacket {
  const pattern = options?.channel ?? '';
  const value = parseJson(message.data);
  if (isPacket(value)) return { pattern, id: String(value.id), data: value.data };
  return { pattern, id: plainId, data: value };
}

export function writePacket(packet: { id?: string; response?: unknown; err?: unknown }): { data: Uint8Array } {
  const value = packet.id === plainId ? (packet.response ?? { err: packet.err }) : packet;
  return { data: Buffer.from(JSON.stringify(value)) };
}

function isPacket(value: unknown): value is { id: unknown; data: unknown } {
  return typeof value === 'object' && value !== null && 'pattern' in value && 'data' in value && 'id' in value;
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString('utf8'));
  } catch {
    return undefined;
  }
}
