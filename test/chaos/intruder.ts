// What a network and a server of messages may do to the log, and nobody else: the same message twice, and one that is none.
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { logNames, type NatsConnection } from '@platte/fact-log';
import { between, type Draw } from '../chance.js';

export interface Intruder {
  /** Publishes batches of the log again: by their message id the server knows them, without it they are stored twice. */
  redeliver(batches: number, withId: boolean): Promise<void>;
  poison(): Promise<void>;
  redelivered(): number;
}

const { stream, subject } = logNames().facts;

export function makeIntruder(nats: NatsConnection, draw: Draw): Intruder {
  let redelivered = 0;
  return {
    redelivered: () => redelivered,
    async redeliver(batches, withId) {
      const manager = await jetstreamManager(nats);
      const { state } = await manager.streams.info(stream);
      for (let number = 0; number < batches && state.last_seq > 0; number++) {
        const stored = await manager.streams.getMessage(stream, {
          seq: between(draw, state.first_seq, state.last_seq),
        });
        if (stored === null) continue;
        const msgID = withId ? stored.header.get('Nats-Msg-Id') : '';
        await jetstream(nats).publish(stored.subject, stored.data, msgID === '' ? {} : { msgID });
        redelivered++;
      }
    },
    async poison() {
      await jetstream(nats).publish(`${subject}.chaos`, 'no batch of facts');
    },
  };
}
