// What policy remembers of the instance rows that it has written or read, so that an idle check-in costs PostgreSQL
// nothing. A hint: losing it costs one read per machine.
//
// One entry is three digests and four times in typed arrays: about 136 bytes with its key, so a million machines are
// about 136 MB. When it is full an entry makes room for the next one, by a hand that walks over all of them: machines
// check in in turns, so that the oldest entry would always be the one that is asked for next.
import type { MachineStatus } from '@platte/fleet';
import { machineStatuses } from '@platte/fleet';

export interface RememberedInstance {
  /** Of what every fact of the machine says. */
  core: number;
  /** Of what only a check-in says. */
  report: number;
  /** Of the newest alias that is not empty. */
  alias: number;
  /** The newest check-in that told one, written or not. */
  aliasAt: number;
  status: MachineStatus;
  /** The newest fact that brought a status, written or not. */
  statusAt: number;
  /** The newest fact that the machine sent, written or not. */
  seenAt: number;
  /** The last seen that the row has. */
  writtenSeenAt: number;
}

export interface InstanceCache {
  get: (key: string) => RememberedInstance | undefined;
  put: (key: string, instance: RememberedInstance) => void;
  /** Another process wrote the row, or it is gone. */
  forget: (key: string) => void;
  clear: () => void;
  readonly size: number;
}

/** Steps of the hand: coprime to any size in use, so that it visits all entries, in no order that machines have. */
const handStep = 7_919;
const numbersEach = 7;

export function makeInstanceCache(machinesMax: number): InstanceCache {
  const slots = new Map<string, number>();
  const keys: (string | undefined)[] = [];
  const free: number[] = [];
  let hand = 0;
  const numbers = new Float64Array(machinesMax * numbersEach);
  const statuses = new Uint8Array(machinesMax);

  function takeSlot(): number {
    const freed = free.pop();
    if (freed !== undefined) return freed;
    if (keys.length < machinesMax) return keys.length;
    hand = (hand + handStep) % machinesMax;
    const victim = keys[hand];
    if (victim !== undefined) slots.delete(victim);
    return hand;
  }

  return {
    get: (key) => {
      const slot = slots.get(key);
      if (slot === undefined) return undefined;
      // Read one by one: an array of them took a fifteenth of what an idle check-in costs policy.
      const at = slot * numbersEach;
      return {
        core: numbers[at]!,
        report: numbers[at + 1]!,
        statusAt: numbers[at + 2]!,
        seenAt: numbers[at + 3]!,
        writtenSeenAt: numbers[at + 4]!,
        alias: numbers[at + 5]!,
        aliasAt: numbers[at + 6]!,
        status: machineStatuses[statuses[slot] ?? 0] ?? 'unknown',
      };
    },
    put: (key, { core, report, alias, aliasAt, status, statusAt, seenAt, writtenSeenAt }) => {
      const slot = slots.get(key) ?? takeSlot();
      slots.set(key, slot);
      keys[slot] = key;
      const at = slot * numbersEach;
      numbers[at] = core;
      numbers[at + 1] = report;
      numbers[at + 2] = statusAt;
      numbers[at + 3] = seenAt;
      numbers[at + 4] = writtenSeenAt;
      numbers[at + 5] = alias;
      numbers[at + 6] = aliasAt;
      statuses[slot] = machineStatuses.indexOf(status);
    },
    forget: (key) => {
      const slot = slots.get(key);
      if (slot === undefined) return;
      slots.delete(key);
      keys[slot] = undefined;
      free.push(slot);
    },
    clear: () => {
      slots.clear();
      keys.length = 0;
      free.length = 0;
    },
    get size() {
      return slots.size;
    },
  };
}

/** 53 bits over the texts in order: two 32-bit multiplicative hashes. A clash would hide one change for a day. */
export function digestOf(texts: readonly (string | null)[]): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (const text of texts) {
    const value = text ?? '\u0000null';
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      high = Math.imul(high ^ code, 2_654_435_761);
      low = Math.imul(low ^ code, 1_597_334_677);
    }
    high = Math.imul(high ^ 0x1f, 2_654_435_761);
    low = Math.imul(low ^ 0x1f, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0);
}
