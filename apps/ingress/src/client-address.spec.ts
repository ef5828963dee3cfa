import { describe, expect, test } from 'vitest';
import { isNetwork, makeClientAddress } from './client-address.js';

describe("a client's address", () => {
  test('is the peer when no proxy is trusted, whatever the header says', () => {
    const addressOf = makeClientAddress([]);
    expect(addressOf('192.0.2.7', '203.0.113.9')).toBe('192.0.2.7');
    expect(addressOf('::ffff:192.0.2.7', '')).toBe('192.0.2.7');
    expect(addressOf('::FFFF:192.0.2.7', '')).toBe('192.0.2.7');
    expect(addressOf(undefined, '')).toBe('');
  });

  const addressOf = makeClientAddress(['10.0.0.0/8', 'fd00::/8', '192.0.2.1']);

  test.each([
    ['10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['::ffff:10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['fd00::1', '2001:db8::5', '2001:db8::5'],
    ['192.0.2.1', '203.0.113.9, 10.9.9.9', '203.0.113.9'],
    ['10.1.2.3', '[2001:db8::5]:4711', '2001:db8::5'],
    ['10.1.2.3', '203.0.113.9:4711', '203.0.113.9'],
  ])('behind the trusted proxy %s with %s is %s', (peer, header, address) => {
    expect(addressOf(peer, header)).toBe(address);
  });

  test.each([
    ['spoofed hops before the real one', '10.1.2.3', '6.6.6.6, 203.0.113.9', '203.0.113.9'],
    ['a header from a peer that is no proxy', '203.0.113.9', '6.6.6.6', '203.0.113.9'],
    ['a header that holds no address', '10.1.2.3', 'unknown, <script>', '10.1.2.3'],
    ['no header', '10.1.2.3', '', '10.1.2.3'],
  ])('is not fooled by %s', (_, peer, header, address) => {
    expect(addressOf(peer, header)).toBe(address);
  });
});

describe('a network in the settings', () => {
  test.each(['10.0.0.0/8', '192.0.2.1', '::1', 'fd00::/8'])('can be %s', (text) => {
    expect(isNetwork(text)).toBe(true);
  });
  test.each(['10.0.0.0/33', '10.0.0/8', 'localhost', '10.0.0.0/8/8', 'fd00::/129', '10.0.0.0/x', ''])(
    'cannot be %s',
    (text) => {
      expect(isNetwork(text)).toBe(false);
    },
  );
});
