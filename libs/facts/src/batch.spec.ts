import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  answerReasons,
  decodeBatch,
  decodeFact,
  decodeWritten,
  encodeBatch,
  encodeFact,
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
const painted = fc.record({
  kind: fc.constant('MachinePainted'),
  v: fc.nat(),
  app: fc.uuid(),
  machine: text,
  at: time,
  n: time,
  colour: text,
});
const a = { kind: 'MachinePainted', v: 1, app: 'a', machine: 'm', at: 1, n: 2, colour: 'grün' };
const b = { ...a, n: 3, colour: 'line\nend,\n' };
const rest = JSON.stringify(a).slice(1);
const facts = fc.array(fc.oneof(checkIn, event), { maxLength: 20 });
const bytesOf = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

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
    expect(decodeBatch(encodeBatch(decodeBatch(bytesOf([painted, newer])).unknown)).unknown).toEqual([painted, newer]);
  });

  it('gives each fact with its text as it was written, known or not, in that order', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(checkIn, event, painted), { maxLength: 20 }), (written) => {
        const { written: read, ...decoded } = decodeWritten(encodeBatch(written));
        expect(decoded).toEqual(decodeBatch(encodeBatch(written)));
        expect(read.map(({ fact }) => fact)).toEqual(written);
        expect(read.map(({ text }) => textOf(text))).toEqual(written.map(encodeFact));
      }),
    );
  });

  it('cuts the texts out of the message that it reads', () => {
    const bytes = encodeBatch([a, b]);
    for (const { text } of decodeWritten(bytes).written) expect(text.buffer).toBe(bytes.buffer);
  });

  it.each([
    ['on one line, as they were written once', JSON.stringify([a, b])],
    ['over many lines', JSON.stringify([a, b], null, 2)],
    ['with as many lines as facts, one of them within a fact', `[${JSON.stringify(a, null, 1)},${JSON.stringify(b)}]`],
    ['with lists of their own that have lines', `[{"list":[{},\n{}],${rest},${JSON.stringify(b)}]`],
    ['with a line that ends within a list', `[{"list":[1,\n2],${rest}]`],
    ['with blanks around', ` [${JSON.stringify(a)},\n${JSON.stringify(b)}]\n`],
    ['with blanks between', `[ ${JSON.stringify(a)} ,\n ${JSON.stringify(b)} ]`],
    ['after a byte order mark', `\ufeff[${JSON.stringify(a)},\n${JSON.stringify(b)}]`],
    ['none', '[]'],
  ])('reads facts %s, and gives texts that say the same', (_, message) => {
    const { written, unknown } = decodeWritten(bytesOf(message));
    expect(written.map(({ fact }) => fact)).toEqual(JSON.parse(message.replace('\ufeff', '')));
    expect(written.map(({ fact }) => fact)).toEqual(unknown);
    expect(written.map(({ text }): unknown => JSON.parse(textOf(text)))).toEqual(unknown);
  });

  it('of any bytes with texts is read or refused as it is without them', () => {
    const lines = fc.array(
      fc.json({ maxDepth: 1 }).map((text) => text.replaceAll(',', ',\n')),
      { maxLength: 3 },
    );
    const messages = fc.oneof(
      fc.uint8Array(),
      lines.map((all) => bytesOf(`[${all.join(',\n')}]`)),
    );
    fc.assert(
      fc.property(messages, (bytes) => {
        const read = resultOf(() => {
          const { facts, unknown } = decodeWritten(bytes);
          return { facts, unknown };
        });
        expect(read).toEqual(resultOf(() => decodeBatch(bytes)));
      }),
    );
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

describe('the text of one fact', () => {
  it('is read as the batch that holds it', () => {
    fc.assert(
      fc.property(fc.oneof(checkIn, event, painted), (written) => {
        const [known = null] = decodeBatch(bytesOf([written])).facts;
        expect(decodeFact(encodeFact(written))).toEqual(known);
      }),
    );
  });

  it('is lifted to the version of today', () => {
    const old = { kind: 'EventReported', v: 0, app: 'a', machine: 'm', at: 1, n: 2, code: 7 };
    const table: Upcasters = { EventReported: { 0: ({ code, ...fact }) => ({ ...fact, errorCode: String(code) }) } };
    expect(decodeFact(JSON.stringify(old), table)).toMatchObject({ v: 1, errorCode: '7' });
  });

  it.each([
    ['not JSON', '{', /not JSON/],
    ['no fact', '{"kind":"EventReported"}', /no kind, version or identity/],
  ])('that is %s is refused with the reason', (_, written, reason) => {
    expect(() => decodeFact(written)).toThrow(reason);
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
