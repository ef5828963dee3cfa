// Reads the plain shape of a check-in, in which nearly all come: one POST to the Omaha endpoint with a length, the whole of it in
// the bytes that one read brought. What is not exactly that is declined (null), and node's own parser reads it: this one never
// refuses. It is to node's parser what the scanner of requests is to the reference: it must mean the same wherever it does not
// decline (plain-requests.spec.ts holds both against each other).

export interface PlainRequest {
  /** Where the body begins in the bytes, and where the request ends: what follows is the next one. */
  bodyStart: number;
  end: number;
  forwardedFor: string;
  /** The client takes no other answer on this connection. */
  closes: boolean;
}

export interface PlainLimits {
  headerBytesMax: number;
  bodyBytesMax: number;
}

const requestStart = 'POST ';
const versionEnd = ' HTTP/1.1';
/** RFC 9110, 5.1 and 5.5: a token and a colon, then no controls but tabs. Folded lines begin with a space, which is no token. */
const fieldLines = /^(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*)+$/;
const plainUrl = /^[\w./-]+$/;
const plainLength = /^ ?[1-9]\d{0,6}$/;
/** Whatever says how a message is framed, what becomes of its connection, or what must be done first: node knows them all. */
const declined: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
  'proxy-connection',
  'http2-settings',
]);

export function readPlainRequest(
  bytes: Buffer,
  isOmahaPath: (url: string) => boolean,
  { headerBytesMax, bodyBytesMax }: PlainLimits,
): PlainRequest | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1 || headEnd + 4 > headerBytesMax) return null;
  const head = bytes.toString('latin1', 0, headEnd);
  const lineEnd = head.indexOf('\r\n');
  if (!head.startsWith(requestStart) || !head.endsWith(versionEnd, lineEnd)) return null;
  const url = head.slice(requestStart.length, lineEnd - versionEnd.length);
  if (!plainUrl.test(url) || !isOmahaPath(url)) return null;
  const fields = readFields(head, lineEnd);
  if (fields === null || fields.contentLength > bodyBytesMax) return null;
  const bodyStart = headEnd + 4;
  const end = bodyStart + fields.contentLength;
  if (end > bytes.length) return null;
  return { bodyStart, end, forwardedFor: fields.forwardedFor, closes: fields.closes };
}

interface Fields {
  contentLength: number;
  forwardedFor: string;
  closes: boolean;
}

/** null: they have something that is not plain. A host and a length must be there, each once. */
function readFields(head: string, from: number): Fields | null {
  if (from === -1 || !fieldLines.test(head.slice(from))) return null;
  let hosts = 0;
  let length: string | undefined;
  let connection: string | undefined;
  let forwardedFor = '';
  for (let at = from + 2; at < head.length + 2;) {
    const next = head.indexOf('\r\n', at);
    const end = next === -1 ? head.length : next;
    const colon = head.indexOf(':', at);
    const name = head.slice(at, colon).toLowerCase();
    const value = head.slice(colon + 1, end);
    at = end + 2;
    if (name === 'host') hosts += 1;
    else if (name === 'content-length') {
      if (length !== undefined) return null;
      length = value;
    } else if (name === 'connection') {
      if (connection !== undefined) return null;
      connection = value.trim().toLowerCase();
    } else if (name === 'content-type') {
      if (!isPlainType(value)) return null;
    } else if (name === 'x-forwarded-for') forwardedFor += forwardedFor === '' ? value : `,${value}`;
    else if (declined.has(name)) return null;
  }
  if (hosts !== 1 || length === undefined || !plainLength.test(length)) return null;
  if (connection !== undefined && connection !== 'keep-alive' && connection !== 'close') return null;
  return { contentLength: Number(length), forwardedFor, closes: connection === 'close' };
}

/** What clients say; others are looked at more closely elsewhere. */
function isPlainType(value: string): boolean {
  return value === ' text/xml' || /^ (?:text|application)\//i.test(value);
}
