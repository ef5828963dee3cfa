// Posts as update_engine does, over few kept connections: real machines open one each, a simulated fleet on one computer would
// run out of ports.
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface Reply {
  /** 0: no HTTP answer. */
  status: number;
  body: string;
}

export interface Poster {
  post(body: string): Promise<Reply>;
  close(): void;
}

const replyTimeoutMs = 30_000;
/** A reply is under 2 KiB; the real client reads at most so much. */
const replyBytesMax = 1024 * 1024;

export function makePoster(url: URL, connectionsMax: number): Poster {
  const isSecure = url.protocol === 'https:';
  const options = { keepAlive: true, maxSockets: connectionsMax };
  const agent = isSecure ? new HttpsAgent(options) : new HttpAgent(options);
  const request = isSecure ? httpsRequest : httpRequest;
  const post = (body: string) =>
    new Promise<Reply>((resolve) => {
      const headers = { accept: '*/*', 'content-type': 'text/xml', 'content-length': Buffer.byteLength(body) };
      const sent = request(url, { method: 'POST', agent, headers, timeout: replyTimeoutMs }, (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > replyBytesMax) response.destroy();
          else chunks.push(chunk);
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        );
        response.on('close', () => resolve({ status: 0, body: '' }));
      });
      sent.on('timeout', () => sent.destroy());
      sent.on('error', () => resolve({ status: 0, body: '' }));
      sent.end(body);
    });
  return { post, close: () => agent.destroy() };
}
