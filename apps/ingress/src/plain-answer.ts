// The bytes of an answer on a plain connection: the same header fields as node:http sends with it.
import { STATUS_CODES } from 'node:http';
import type { FixedReply } from './fixed-replies.js';

export interface RenderedAnswer {
  text: string;
  /** One that is all ASCII needs no encoder. */
  encoding: 'latin1' | 'utf8';
}

export interface AnswerWriter {
  document: (xml: string, closes: boolean) => RenderedAnswer;
  fixed: (reply: FixedReply, closes: boolean) => RenderedAnswer;
}

export function makeAnswerWriter(keepAliveMs: number): AnswerWriter {
  const keepsOpen =
    keepAliveMs === 0
      ? 'Connection: keep-alive\r\n\r\n'
      : `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n\r\n`;
  const closesIt = 'Connection: close\r\n\r\n';
  return {
    document(xml, closes) {
      const length = Buffer.byteLength(xml);
      return {
        text: `${documentHead}${length}\r\nDate: ${readDate()}\r\n${closes ? closesIt : keepsOpen}${xml}`,
        encoding: length === xml.length ? 'latin1' : 'utf8',
      };
    },
    fixed: ({ status, headers, body }, closes) => ({
      text: `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${renderFields(headers)}Date: ${readDate()}\r\n${closes ? closesIt : keepsOpen}${body}`,
      encoding: 'latin1',
    }),
  };
}

const documentHead =
  'HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: ';

/** Of all but Connection, which the connection itself decides. */
function renderFields(headers: readonly string[]): string {
  let fields = '';
  for (let index = 0; index < headers.length; index += 2)
    if (headers[index] !== 'Connection') fields += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return fields;
}

let second = 0;
let date = '';

/** Made anew once a second. */
function readDate(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    date = new Date(now * 1000).toUTCString();
  }
  return date;
}
