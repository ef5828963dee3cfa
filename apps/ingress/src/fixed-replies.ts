// Every answer that is no Omaha document: tiny, constant, made once. A refusal closes the connection where what follows on it
// cannot be trusted or is not worth reading.
import type { ServerResponse } from 'node:http';

export interface FixedReply {
  status: number;
  headers: string[];
  body: string;
}

/** Seconds. update_engine reads none of the two headers and doubles its interval by itself; go-omaha and Fuchsia's client do. */
const retryAfter = '300';

export const replies = {
  malformed: refusal(400, 'This is no Omaha request.'),
  wrongMethod: refusal(405, 'Machines POST their Omaha requests here.', ['Allow', 'POST']),
  tooLarge: refusal(413, 'An Omaha request is smaller than that.'),
  unsupported: refusal(415, 'Omaha 3 in XML, please: uncompressed, UTF-8.'),
  failed: refusal(500, 'This request brought out a mistake of ours. It is recorded.'),
  wrongVersion: refusal(505, 'This port speaks HTTP/1.1.'),
  overloaded: fixed(503, 'Too busy. Come back later.', ['Retry-After', retryAfter, 'X-Retry-After', retryAfter]),
} as const;

export function sendFixed(response: ServerResponse, { status, headers, body }: FixedReply): void {
  response.writeHead(status, headers);
  response.end(body);
}

function refusal(status: number, sentence: string, headers: string[] = []): FixedReply {
  return fixed(status, sentence, ['Connection', 'close', ...headers]);
}

function fixed(status: number, sentence: string, headers: string[]): FixedReply {
  const body = `${sentence}\n`;
  const shared = [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Cache-Control',
    'no-store',
    'Content-Length',
    String(body.length),
  ];
  return { status, body, headers: [...shared, ...headers] };
}
