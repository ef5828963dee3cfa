import { describe, expect, test } from 'vitest';
import { makeIsOmahaPath } from './omaha-path.js';

describe('the Omaha endpoint', () => {
  const isOmahaPath = makeIsOmahaPath(undefined);
  test.each([
    '/v1/update',
    '/v1/update/',
    '/v1/update?cup2key=1:2',
    '/v1/update/?x',
    'http://updates.example/v1/update/',
    'HTTPS://updates.example:8000/v1/update?x',
  ])('is served at %s', (url) => {
    expect(isOmahaPath(url)).toBe(true);
  });
  test.each([
    '/',
    '/v1',
    '/V1/update',
    '/v1/Update/',
    '//v1/update',
    '/v1//update',
    '/v1/update//',
    '/v1/update/x',
    '/v1/updates',
    '',
    'http:///v1/update/',
    'http://updates.example',
    'http://updates.example//v1/update/',
    'ftp://updates.example/v1/update/',
    'http://a/http://b/v1/update/',
  ])('is not served at %s', (url) => {
    expect(isOmahaPath(url)).toBe(false);
  });
});

describe('with a secret suffix', () => {
  const isOmahaPath = makeIsOmahaPath('s3cret-s3cret-s3cret');
  test.each([
    '/v1/update/s3cret-s3cret-s3cret',
    '/v1/update/s3cret-s3cret-s3cret/',
    '/v1/update/s3cret-s3cret-s3cret?x',
    'http://updates.example/v1/update/s3cret-s3cret-s3cret',
  ])('the endpoint is served at %s', (url) => {
    expect(isOmahaPath(url)).toBe(true);
  });
  test.each([
    '/v1/update',
    '/v1/update/',
    '/v1/update/S3cret-s3cret-s3cret',
    '/v1/update/s3cret',
    'http://updates.example/v1/update/s3cret',
    '/v1/update/s3cret-s3cret-s3cret//',
  ])('the endpoint is not served at %s', (url) => {
    expect(isOmahaPath(url)).toBe(false);
  });
});
