import { describe, expect, it } from 'vitest';
import { authenticate, digestOf, readOnlyLimits, settingsFor, type User } from './users.js';

const full: User = { name: 'platte', passwordDigest: digestOf('secret'), access: 'full' };
const reader: User = { name: 'reader', passwordDigest: digestOf('word'), access: 'read-only' };

describe('authenticate', () => {
  it('knows a user by name and password', () => {
    expect(authenticate([full, reader], { name: 'reader', password: 'word' })).toBe(reader);
  });

  it.each([
    undefined,
    { name: 'reader', password: 'secret' },
    { name: 'nobody', password: 'word' },
    { name: 'reader', password: '' },
  ])('refuses %j', (credentials) => {
    expect(() => authenticate([full, reader], credentials)).toThrow(/Authentication failed/);
  });
});

describe('settingsFor', () => {
  it('gives the full user what it asks for, and no more', () => {
    const asked = new Map([['max_threads', '1']]);
    expect(settingsFor(full, asked)).toBe(asked);
  });

  it('gives a read-only user the limits, and read-only mode last', () => {
    const granted = [...settingsFor(reader, new Map([['max_block_size', '1']]))];
    const limits = Object.entries(readOnlyLimits).map(([name, limit]) => [name, String(limit)]);
    expect(granted).toEqual([['max_block_size', '1'], ...limits, ['readonly', '1']]);
  });

  it('lets a read-only user ask for less', () => {
    expect(settingsFor(reader, new Map([['max_execution_time', '5']])).get('max_execution_time')).toBe('5');
  });

  it.each(['0', '-1', '61', 'x', 'Infinity', '1e-7', '0.5', '1e1'])(
    'refuses a read-only user a time limit of %j',
    (value) => {
      expect(() => settingsFor(reader, new Map([['max_execution_time', value]]))).toThrow(
        /should be a whole number from 1 to 60/,
      );
    },
  );

  it.each(['readonly', 'result_overflow_mode', 'profile'])('refuses a read-only user the setting %s', (name) => {
    expect(() => settingsFor(reader, new Map([[name, '2']]))).toThrow(/readonly mode/);
  });
});
