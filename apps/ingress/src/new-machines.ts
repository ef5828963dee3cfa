// How many machines one address may bring up in an hour (omaha-protocol.md 1.9): nothing in a request is authenticated, so that whoever
// reaches the endpoint can invent machines, each of which costs a row and a number for ever. Off unless it is set, because
// whole fleets sit behind one address.
//
// New is what this process has not let in before: after its start every machine is. So the cap must be above the number of
// machines behind the biggest address, and each process counts by itself. Those that it has let in are never counted again, as
// long as it remembers them, and an address over its cap keeps the machines that it has.
//
// All of it is bounded: machines by two generations of digests, addresses by the oldest one's going first.

export interface NewMachines {
  /** Whether the machine may be served. Counts it where it is new. O(1), and nothing is allocated for a known one. */
  admit: (application: string, machine: string, address: string, now: number) => boolean;
}

export interface NewMachinesOptions {
  /** 0: no cap, nothing is remembered. */
  perHour: number;
  /** Digests of a generation, of which there are two: some 40 bytes each. */
  rememberedMax?: number;
  addressesMax?: number;
}

const hourMs = 3_600_000;

interface Source {
  /** Its hour begins with its first new machine. */
  since: number;
  admitted: number;
}

export function makeNewMachines({
  perHour,
  rememberedMax = 500_000,
  addressesMax = 65_536,
}: NewMachinesOptions): NewMachines {
  if (perHour === 0) return { admit: () => true };
  let recent = new Set<number>();
  let older = new Set<number>();
  const sources = new Map<string, Source>();

  function remember(digest: number): void {
    if (recent.size >= rememberedMax) {
      older = recent;
      recent = new Set();
    }
    recent.add(digest);
  }

  function takeFrom(source: string, now: number): boolean {
    const known = sources.get(source);
    if (known !== undefined && now - known.since < hourMs) {
      if (known.admitted >= perHour) return false;
      known.admitted++;
      return true;
    }
    // Put behind the others: the first of the map is the one whose hour began first.
    sources.delete(source);
    if (sources.size >= addressesMax) sources.delete(sources.keys().next().value!);
    sources.set(source, { since: now, admitted: 1 });
    return true;
  }

  return {
    admit(application, machine, address, now) {
      const digest = digestOf(application, machine);
      if (recent.has(digest)) return true;
      if (!older.has(digest) && !takeFrom(toSource(address), now)) return false;
      remember(digest);
      return true;
    },
  };
}

/** FNV-1a twice, 53 bits together. Not the text itself: a slice of a body keeps the whole body in memory. */
function digestOf(application: string, machine: string): number {
  let [a, b] = [0x811c_9dc5, 0x9dc5_811c];
  for (let at = 0; at < machine.length; at++) {
    const code = machine.charCodeAt(at);
    a = Math.imul(a ^ code, 0x0100_0193);
    b = Math.imul(b ^ code, 0x0100_01b3);
  }
  for (let at = 0; at < application.length; at++) {
    const code = application.charCodeAt(at);
    a = Math.imul(a ^ code, 0x0100_0193);
    b = Math.imul(b ^ code, 0x0100_01b3);
  }
  return (a >>> 0) * 2 ** 21 + (b >>> 11);
}

/** An IPv6 client has a network of 64 bits to itself, so that the network is the source. */
export function toSource(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  return [...groups, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4).join(':');
}
