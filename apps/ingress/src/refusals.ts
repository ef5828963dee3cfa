// Requests that make no fact (malformed ones, unknown applications, no machine id) are counted by cause, and a few of them per
// second are kept with address and first bytes, so that a person can see what came. Once a second what there is goes to the
// stream REFUSED; nothing waits for it, and a flood costs one message per second.

export interface RefusedSample {
  at: number;
  cause: string;
  address: string;
  /** The first bytes, printable. */
  bytes: string;
}

/** What one process refused since its last report. */
export interface RefusedReport {
  program: string;
  replica: string;
  at: number;
  counts: Record<string, number>;
  samples: RefusedSample[];
}

/** At most so many samples per second are published: a person needs a few of each, not all of a flood. */
const samplesPerReportMax = 10;
/** Enough to see what it is: a client's name and version come first. */
const sampleBytesMax = 300;

export interface Refusals {
  count: (cause: string, address: string, body: Uint8Array) => void;
  /** What was counted since the last call; undefined when nothing was. */
  take: (now: number) => RefusedReport | undefined;
}

export function makeRefusals({
  program,
  replica,
  now,
}: {
  program: string;
  replica: string;
  now: () => number;
}): Refusals {
  let counts = new Map<string, number>();
  let samples: RefusedSample[] = [];
  return {
    count(cause, address, body) {
      counts.set(cause, (counts.get(cause) ?? 0) + 1);
      if (samples.length < samplesPerReportMax) samples.push({ at: now(), cause, address, bytes: escapeBytes(body) });
    },
    take(at) {
      if (counts.size === 0) return undefined;
      const report = { program, replica, at, counts: Object.fromEntries(counts), samples };
      counts = new Map();
      samples = [];
      return report;
    },
  };
}

/** The first bytes as printable ASCII: everything else, and the backslash itself, as `\xNN`. Secrets of the protocol are cut out. */
export function escapeBytes(body: Uint8Array): string {
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, sampleBytesMax)).toString('latin1');
  return text
    .replaceAll(/(tttoken\s*=\s*["'])[^"']*/gi, '$1(secret)')
    .replaceAll(/[^\x20-\x5b\x5d-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
