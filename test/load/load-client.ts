// The load of the benches: so many connections, each of which sends its next request when its last answer is in. Run as a child
// process, so that it shares no event loop with what it measures: `load-client.js '<options as JSON>'`; its result is one line of
// JSON. It speaks just enough HTTP/1.1 for answers with a length, on plain sockets, because a client that costs as much as the
// server would measure itself.
import { connect, type Socket } from 'node:net';

export interface LoadOptions {
  port: number;
  path: string;
  connections: number;
  /** False: each request opens a connection of its own, as update_engine does. */
  keepAlive: boolean;
  /** Not counted: caches and the compiler warm up. */
  warmUpMs: number;
  measureMs: number;
  /** The body; each of its machines is `machine` with a number in the place of the last characters. */
  body: string;
  machine: string;
  machines: number;
}

export interface LoadResult {
  answers: number;
  /** Answers that were not 200, and connections that broke. */
  failures: number;
  seconds: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

const options: LoadOptions = JSON.parse(process.argv[2] ?? '{}');
const requests = makeRequests(options);
const times: number[] = [];
let failures = 0;
let sent = 0;
let phase: 'warming' | 'measuring' | 'ended' = 'warming';

const open = options.keepAlive ? openKept : openOnce;
for (let index = 0; index < options.connections; index++) open();
setTimeout(() => {
  phase = 'measuring';
  const begun = performance.now();
  setTimeout(() => {
    phase = 'ended';
    report((performance.now() - begun) / 1000);
  }, options.measureMs);
}, options.warmUpMs);

/** All are made beforehand: making one costs as much as sending it. */
function makeRequests({ port, path, keepAlive, body, machine, machines }: LoadOptions): Buffer[] {
  const digits = String(machines - 1).length;
  return Array.from({ length: machines }, (_, number) => {
    const name = machine.slice(0, -digits) + String(number).padStart(digits, '0');
    const own = body.replace(machine, name);
    const connection = keepAlive ? '' : 'Connection: close\r\n';
    const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: */*\r\nContent-Type: text/xml\r\n${connection}Content-Length: ${Buffer.byteLength(own)}\r\n\r\n`;
    return Buffer.from(head + own);
  });
}

const nextRequest = (): Buffer => requests[sent++ % requests.length]!;

function openKept(): void {
  const socket = connectTo();
  let begun = 0;
  let answer = '';
  const send = () => {
    begun = performance.now();
    socket.write(nextRequest());
  };
  socket.on('connect', send);
  socket.on('data', (chunk) => {
    answer = answer === '' ? chunk.toString('latin1') : answer + chunk.toString('latin1');
    if (!isWhole(answer)) return;
    note(answer, begun);
    answer = '';
    if (phase !== 'ended') send();
  });
  socket.on('close', () => {
    if (phase !== 'ended') openKept();
  });
}

function openOnce(): void {
  const begun = performance.now();
  const socket = connectTo();
  let answer = '';
  socket.on('connect', () => socket.write(nextRequest()));
  socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
  socket.on('close', () => {
    if (answer !== '') note(answer, begun);
    if (phase !== 'ended') openOnce();
  });
}

function connectTo(): Socket {
  const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => failures++);
  return socket;
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return false;
  // Servers write it in one of these two ways; a search without regard to case costs more than the rest.
  const name = Math.max(answer.indexOf('Content-Length: '), answer.indexOf('content-length: '));
  return answer.length >= end + 4 + Number.parseInt(answer.slice(name + 16, name + 24), 10);
}

function note(answer: string, begun: number): void {
  if (phase !== 'measuring') return;
  if (answer.startsWith('HTTP/1.1 200')) times.push(performance.now() - begun);
  else failures++;
}

function report(seconds: number): void {
  const sorted = Float64Array.from(times).toSorted();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  const result: LoadResult = {
    answers: sorted.length,
    failures,
    seconds,
    perSecond: sorted.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
