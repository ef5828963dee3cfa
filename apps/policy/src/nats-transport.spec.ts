import { expect, it } from 'vitest';
import { readPacket, writePacket } from './nats-transport.js';

const bytes = (text: string) => ({ data: Buffer.from(text) });
const text = ({ data }: { data: Uint8Array }) => Buffer.from(data).toString();

it('answers plain JSON in plain JSON', () => {
  expect(readPacket(bytes('{"actor":"ada"}'), { channel: 'c' })).toEqual({
    pattern: 'c',
    id: 'plain',
    data: { actor: 'ada' },
  });
  expect(text(writePacket({ id: 'plain', response: { status: 'done' } }))).toBe('{"status":"done"}');
});

it('answers a packet of Nest with one', () => {
  expect(readPacket(bytes('{"pattern":"c","id":"7","data":[1]}'), { channel: 'c' })).toEqual({
    pattern: 'c',
    id: '7',
    data: [1],
  });
  expect(text(writePacket({ id: '7', response: [1] }))).toBe('{"id":"7","response":[1]}');
});

it.each(['', '{', '\u0000', 'null', '[]', '{"pattern":"other"}'])(
  'hands %j to the handler, which refuses it',
  (sent) => {
    expect(readPacket(bytes(sent), { channel: 'c' })).toMatchObject({ pattern: 'c', id: 'plain' });
  },
);

it('says an error in plain JSON too', () => {
  expect(text(writePacket({ id: 'plain', err: 'broken' }))).toBe('{"err":"broken"}');
});
