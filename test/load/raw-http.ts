// The baseline of the ingress bench: node:http that reads the body and sends a constant answer of the usual size. Run as a child
// process with an IPC channel; it tells its port, and its processor time when asked. With the argument `parsing` it also reads each
// request with our scanner, as ingress does: what is left of the difference is not the parser's.
import { createServer } from 'node:http';
import { scanRequest } from '@platte/omaha';
import { constantAnswer } from './constant-answer.js';

const headers = [
  'Content-Type',
  'text/xml; charset=utf-8',
  'Cache-Control',
  'no-store',
  'Content-Length',
  String(constantAnswer.length),
];

const parses = process.argv[2] === 'parsing';

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => parses && chunks.push(chunk));
  request.on('end', () => {
    if (parses) scanRequest(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    response.writeHead(200, headers);
    response.end(constantAnswer);
  });
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address !== null ? address.port : 0 });
});
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
process.on('disconnect', () => process.exit(0));
