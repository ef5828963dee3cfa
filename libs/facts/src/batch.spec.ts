import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  answerReasons,
  decodeBatch,
  encodeBatch,
  type EventReported,
  Fact,
  factKinds,
  type MachineCheckedIn,
  upcast,
  type Upcasters,
} from './facts.js';

const text = fc.string({ unit: 'binary', maxLength: 40 });
const time = fc.nat({ max: 2 ** 52 });
const machineFact = {
  v: fc.constant(1 as const),
  app: fc.uuid(),
  machine: text,
  at: time,
  n: time,
  version: text,
  group: fc.option(text),
  channel: fc.option(text),
  arch: fc.constantFrom('amd64' as const, 'arm64' as const, 'x86' as const, 'all' as const),
  rollout: fc.option(text),
  reboots: fc.boolean(),
  oem: text,
  bootId: text,
};
const answer = fc.record({
  reason: fc.constantFrom(...answerReasons),
  inputs: fc.record({ target: text, limit: fc.integer(), note: text }, { requiredKeys: [] }),
});
const checkIn: fc.Arbitrary<MachineCheckedIn> = fc
  .record({
    kind: fc.constant('MachineCheckedIn' as const),
    ...machineFact,
    track: text,
    ip: text,
    alias: text,
    oemVersion: text,
    aleph: text,
    ping: fc.boolean(),
    heartbeat: fc.boolean(),
    source: text,
  })
  .chain((fact) =>
    fc.option(answer, { nil: undefined }).map((given) => (given === undefined ? fact : { ...fact, answer: given })),
  );
const event: fc.Arbitrary<EventReported> = fc.record({
  kind: fc.constant('EventReported' as const),
  ...machineFact,
  type: fc.integer(),
  result: fc.integer(),
  errorCode: text,
  previousVersion: text,
});
const facts = fc.array(fc.oneof(checkIn, event), { maxLength: 20 });
const bytesOf = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

describe('a batch', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(facts, (written) => {
        expect(decodeBatch(encodeBatch(written))).toEqual({ facts: written, unknown: [] });
      }),
    );
  });

  it('holds facts that the full schema accepts', () => {
    fc.assert(
      fc.property(facts, (written) => {
        expect(written.map((fact) => Fact.parse(fact))).toEqual(written);
      }),
    );
  });

  it('passes on whole what it does not know: new kinds, and newer versions of known ones', () => {
    const identity = { app: 'a', machine: 'm', at: 1, n: 2 };
    const painted = { kind: 'MachinePainted', v: 1, ...identity, colours: ['red', { shade: 'dark' }] };
    const newer = { kind: 'EventReported', v: 99, ...identity, event: { nested: true } };
    expect(decodeBatch(bytesOf([painted, newer]))).toEqual({ facts: [], unknown: [painted, newer] });
    expect(encodeBatch(decodeBatch(bytesOf([painted, newer])).unknown)).toEqual(bytesOf([painted, newer]));
  });

  it.each([
    ['not JSON', '[{', /not JSON/],
    ['not UTF-8', Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d), /not JSON in UTF-8/],
    ['not a list', { facts: [] }, /not a list/],
    [
      'a fact without a machine',
      [{ kind: 'X', v: 1, app: 'a', at: 1, n: 1 }],
      /fact 0 .* no kind, version or identity/,
    ],
    ['a time that is no whole number', [{ kind: 'X', v: 1, app: 'a', machine: 'm', at: 1.5, n: 1 }], /fact 0/],
    ['null', [null], /fact 0/],
  ])('that is %s is refused with the reason', (_, message, reason) => {
    expect(() => decodeBatch(message instanceof Uint8Array ? message : bytesOf(message))).toThrow(reason);
  });

  it('of any bytes is read or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytesOf)), (bytes) => {
        const read = () => decodeBatch(bytes).facts.filter(({ kind }) => !factKinds.includes(kind));
        expect(resultOf(read)).toSatisfy(
          (result) => result instanceof Error || (Array.isArray(result) && result.length === 0),
        );
      }),
    );
  });
});

describe('upcasting', () => {
  const old = { kind: 'EventReported', v: 1, app: 'a', machine: 'm', at: 1, n: 2, code: 7 };
  const table: Upcasters = {
    EventReported: {
      1: ({ code, ...fact }) => ({ ...fact, errorCode: String(code) }),
      2: (fact) => ({ ...fact, source: 'unknown' }),
    },
  };

  it('lifts an old fact step by step to the newest version, and keeps its identity', () => {
    expect(upcast(old, 3, table)).toEqual({
      kind: 'EventReported',
      v: 3,
      app: 'a',
      machine: 'm',
      at: 1,
      n: 2,
      errorCode: '7',
      source: 'unknown',
    });
  });

  it('leaves a fact of the newest version alone', () => {
    expect(upcast(old, 1, table)).toBe(old);
  });

  it('says which step is missing', () => {
    expect(() => upcast(old, 4, table)).toThrow('no upcaster for EventReported of version 3');
  });
});

function resultOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
