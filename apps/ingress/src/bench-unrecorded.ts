// The other side of `./platte bench ingress`: ingress that publishes nothing. It parses, judges, makes facts, writes them as text
// and answers as the real one does, on the same listener, and acknowledges them to itself at the end of the turn. Never a
// program for machines.
// Started with an IPC channel and one argument, the snapshot to judge by; it tells its port, and its processor time when asked.
import { randomInt } from 'node:crypto';
import { makePositions } from '@platte/facts';
import { ApplicationSnapshot } from '@platte/rollout';
import { makeClock, portOf } from '@platte/service';
import { makeCatalog } from './catalog.js';
import { makeCheckIns } from './check-ins.js';
import { Config } from './config.js';
import { makeOmahaRoute } from './omaha-route.js';

const config = Config.parse({ natsUrl: 'nats://127.0.0.1', port: '0' });
const clock = makeClock();
const catalog = makeCatalog();
catalog.put(ApplicationSnapshot.parse(JSON.parse(process.argv[2] ?? '{}')));

let charactersWritten = 0;
const route = makeOmahaRoute(config);
route.open({
  onRefused: () => {},
  checkIns: makeCheckIns({
    now: clock.now,
    nextPosition: makePositions(randomInt(2 ** 32)),
    admit: () => true,
    assumed: { arch: 'amd64', track: '' },
    findApplication: catalog.find,
    refuseSpent: () => null,
    ask: () => Promise.resolve(null),
    append: (facts, onDone) => {
      charactersWritten += JSON.stringify(facts).length;
      setImmediate(onDone);
    },
    hasRoom: () => true,
    pollIntervalSeconds: () => 2_700,
    heldLimits: { checksMax: config.heldChecksMax, requestsMax: config.heldChecksMax * 2 },
    seen: {
      malformed: () => {},
      parsed: () => {},
      shed: () => {},
      lost: () => {},
      failed: () => {},
      ruleFailed: () => {},
      refused: () => {},
      answered: () => {},
    },
  }),
});

const server = route.serverFactory((_, response) => void response.writeHead(404).end());
server.listen(0, '127.0.0.1', () => process.send?.({ port: portOf(server) }));
process.on('message', () => process.send?.({ cpu: process.cpuUsage(), charactersWritten }));
process.on('disconnect', () => process.exit(0));
