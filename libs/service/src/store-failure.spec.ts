import { expect, it } from 'vitest';
import { isStoreFailure } from './store-failure.js';

it.each([
  ['a connection that was reset', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
  ['a server that goes down', Object.assign(new Error('terminating connection'), { code: '57P01' })],
  ['a full disk', Object.assign(new Error('could not extend file'), { code: '53100' })],
  ['a connection that PostgreSQL ended', new Error('Connection terminated unexpectedly')],
  ['a statement that PostgreSQL does not answer', new Error('Query read timeout')],
  ['a connection that is not there in time', new Error('timeout expired')],
  ['what a failure was caused by', new Error('a batch', { cause: Object.assign(new Error(), { code: 'EPIPE' }) })],
  ['an engine without memory', Object.assign(new Error('memory limit'), { code: '241' })],
  ['a socket that hung up', new Error('socket hang up')],
])('lays %s to the store', (_, error) => {
  expect(isStoreFailure(error)).toBe(true);
});

it.each([
  ['a text that no column takes', Object.assign(new Error('invalid byte sequence'), { code: '22021' })],
  ['a rule of the table', Object.assign(new Error('violates check constraint'), { code: '23514' })],
  ['a mistake of ours', new TypeError('x is not a function')],
  ['no error at all', undefined],
])('lays %s to what was asked', (_, error) => {
  expect(isStoreFailure(error)).toBe(false);
});
