import { expect, it } from 'vitest';
import { renderError, toClickhouseError } from './clickhouse-error.js';

it('says once what the engine wraps in layers, and not where our files are', () => {
  const engine = new Error(
    `Code: 27. DB::Exception: Code: 27. DB::Exception: Cannot parse input: expected '"': (at row 2)\n: (in file/uri /spool/insert-1): While executing File: data for INSERT was parsed from file. (CANNOT_PARSE_INPUT) (version 26.7.2.1). (CANNOT_PARSE_INPUT)`,
  );
  const error = toClickhouseError(engine);
  expect(error).toMatchObject({ code: 27, type: 'CANNOT_PARSE_INPUT' });
  expect(renderError(error, '26.7.2.1')).toBe(
    `Code: 27. DB::Exception: Cannot parse input: expected '"': (at row 2)\n: data for INSERT was parsed from query. (CANNOT_PARSE_INPUT) (version 26.7.2.1 (embedded))\n`,
  );
});

it('keeps words of other layers as they are', () => {
  expect(toClickhouseError(new Error('no space left'))).toMatchObject({ code: 1002, message: 'no space left' });
});

it('reads the type behind a quoted statement, however long and whatever is in it', () => {
  const statement = ' (in file/uri (A) (version 1)'.repeat(100_000);
  const words = `Code: 47. DB::Exception: Unknown identifier in scope SELECT '${statement}'. (UNKNOWN_IDENTIFIER)`;
  const error = toClickhouseError(new Error(words));
  expect(error).toMatchObject({ code: 47, type: 'UNKNOWN_IDENTIFIER' });
  expect(error.message).toMatch(/^Unknown identifier in scope SELECT/);
  expect(error.message.length).toBeLessThan(10_000);
});

it('reads the errors of the system', () => {
  const words = 'Code: 107. DB::ErrnoException: Cannot open file x: , errno: 2. (FILE_DOESNT_EXIST)';
  expect(toClickhouseError(new Error(words))).toMatchObject({ code: 107, type: 'FILE_DOESNT_EXIST' });
});
