import { describe, expect, it } from 'vitest';
import { hideCredentials, hideSetting } from './hide-credentials.js';

describe('a text that people see', () => {
  it.each([
    [
      'waiting for NATS at nats://bob:s3cret@10.0.0.1:4222: refused',
      'waiting for NATS at nats://10.0.0.1:4222: refused',
    ],
    ['nats://a:s3cret@h1:4222,tls://b:s3cret@h2:4222', 'nats://h1:4222,tls://h2:4222'],
    [
      'a password with signs: postgres://bob:s3cret@w/o,rd?@host/platte',
      'a password with signs: postgres://host/platte',
    ],
    ['a token alone: nats://s3cret@host', 'a token alone: nats://host'],
    ['http://host:8123/?user=bob&password=s3cret&x=1', 'http://host:8123/?user=(secret)&password=(secret)&x=1'],
    ['{"url":"https://bob:s3cret@idp/","n":1}', '{"url":"https://idp/","n":1}'],
    ['two: http://a:s3cret@x and http://b:s3cret@y', 'two: http://x and http://y'],
    ['postgres://host/db?sslkey=/s3cret', 'postgres://host/db?sslkey=(secret)'],
    ['write to ada@example.com, see https://example.com/a', 'write to ada@example.com, see https://example.com/a'],
  ])('%s', (text, shown) => {
    expect(hideCredentials(text)).toBe(shown);
  });
});

it('a text of a megabyte is read in linear time', () => {
  const texts = ['a', '://', 'a://', 'a@', '?pass', '://@', ',a://'].map((piece) =>
    piece.repeat(2 ** 20 / piece.length),
  );
  // Quadratic work on a megabyte takes minutes: the test would hang.
  for (const text of texts) expect(hideCredentials(`x://s3cret@${text}`)).not.toContain('s3cret');
});

describe('the value of a setting', () => {
  it.each([
    ['nats://bob:s3 "cret@host', 'nats://host'],
    ['nats://bob:s3cret@h1,nats://bob:s3cret@h2', 'nats://h1,nats://h2'],
    ['bob:s3cret@host:4222', 'host:4222'],
    ['ada@example.com', 'ada@example.com'],
    ['127.0.0.1', '127.0.0.1'],
  ])('%s', (value, shown) => {
    expect(hideSetting(value)).toBe(shown);
  });
});
