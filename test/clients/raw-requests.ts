// Requests as bytes, for every listener of the platform: none of them may end a listener or keep it from answering others.
import { once } from 'node:events';
import { connect } from 'node:net';

/** What comes back of it must be an answer below 500, or the end of the connection. */
export interface RawRequest {
  name: string;
  bytes: string | Uint8Array;
  /** Its sender says that no more comes, although more was announced. */
  isCut?: true;
}

const host = 'Host: a\r\n';
const close = 'Connection: close\r\n';
const get = (target: string): RawRequest => ({
  name: `GET ${target}`,
  bytes: `GET ${target} HTTP/1.1\r\n${host}${close}\r\n`,
});

/** Targets that a URL parser or a router may stumble over. Any web page can send most of them to a port of this machine. */
const targets = [
  '//', '/\\', '/\\\\', '///', '//a@b:c', '//[', '/%', '/%zz', '/%00', '/%ff%fe', '/?', '/?query_id=%0a', '/?query=%0a', '/?a=%',
  '/?query_id=%0d%0aX:%20y', '/?query_id=%e2%82%ac', '/?__proto__=1', '/?constructor=1', '/#', '/;', '/../..', '/%2e%2e/%2e%2e',
  'http://', 'http:///', 'http://[', 'http://a:b:c/', 'http://a/', '*', `/${'a'.repeat(7000)}`, `/?${'a=1&'.repeat(1500)}`,
]; // prettier-ignore

export const rawRequests: readonly RawRequest[] = [
  ...targets.map(get),
  { name: 'OPTIONS *', bytes: `OPTIONS * HTTP/1.1\r\n${host}${close}\r\n` },
  { name: 'CONNECT', bytes: `CONNECT a:1 HTTP/1.1\r\n${host}\r\n` },
  { name: 'an upgrade', bytes: `GET / HTTP/1.1\r\n${host}Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n` },
  { name: 'another expectation', bytes: `POST / HTTP/1.1\r\n${host}${close}Expect: the-worst\r\nContent-Length: 0\r\n\r\n` },
  { name: 'no HTTP', bytes: '\u0000\u0001\u0002\r\n\r\n' },
  { name: 'a body that is cut off', bytes: `POST / HTTP/1.1\r\n${host}${close}Content-Length: 100\r\n\r\nabc`, isCut: true },
  { name: 'chunks that are none', bytes: `POST / HTTP/1.1\r\n${host}${close}Transfer-Encoding: chunked\r\n\r\nzz\r\n` },
  {
    name: 'gzip that is none',
    bytes: `POST / HTTP/1.1\r\n${host}${close}Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde`,
  },
  {
    name: 'a form that is none',
    bytes: `POST / HTTP/1.1\r\n${host}${close}Content-Type: multipart/form-data\r\nContent-Length: 3\r\n\r\nabc`,
  },
  { name: 'header values of bytes', bytes: Buffer.from(`GET / HTTP/1.1\r\n${host}${close}X: \u00ff\u0080\r\n\r\n`, 'latin1') },
  { name: 'credentials of bytes', bytes: `GET / HTTP/1.1\r\n${host}${close}Authorization: Basic /////w==\r\n\r\n` },
]; // prettier-ignore

/** @returns all that came back until the server ended the connection: an answered request says `Connection: close` */
export async function exchangeRaw(port: number, { bytes, isCut }: Omit<RawRequest, 'name'>): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  // A reset is an end, too.
  socket.on('error', () => {});
  if (isCut) socket.end(bytes);
  else socket.write(bytes);
  if (!socket.destroyed) await once(socket, 'close');
  return text;
}

/** @returns its status; undefined for a connection that ended without an answer */
export async function statusOf(port: number, request: Omit<RawRequest, 'name'>): Promise<number | undefined> {
  const found = /^HTTP\/1\.1 (\d{3}) /.exec(await exchangeRaw(port, request))?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The same request, in a version of HTTP that nobody here speaks. */
export const ofVersion = (version: string): RawRequest => ({
  name: `HTTP/${version}`,
  bytes: `GET / HTTP/${version}\r\n${host}${close}\r\n`,
});
