import { expect, it } from 'vitest';
import { parseConfig, PostgresConfig, withPostgresTls } from './service.js';

const here = import.meta.filename;

function toUrl(env: Record<string, string>): string {
  const parsed = parseConfig(PostgresConfig, {
    PLATTE_POSTGRES_URL: 'postgres://me:pass%2Fword@db.example:5432/platte',
    ...env,
  });
  if (parsed.status === 'bad') throw new Error(parsed.problems.join());
  return withPostgresTls(parsed.config).postgresUrl;
}

it('without settings of TLS the URL stays as it is', () => {
  expect(toUrl({})).toBe('postgres://me:pass%2Fword@db.example:5432/platte');
});

it('TLS checks the certificate and the name', () => {
  expect(toUrl({ PLATTE_POSTGRES_TLS: 'on' })).toBe(
    'postgres://me:pass%2Fword@db.example:5432/platte?sslmode=verify-full',
  );
});

it('a file of certificates turns TLS on', () => {
  const { searchParams } = new URL(
    toUrl({ PLATTE_POSTGRES_CA_FILE: here, PLATTE_POSTGRES_CERT_FILE: here, PLATTE_POSTGRES_KEY_FILE: here }),
  );
  expect(Object.fromEntries(searchParams)).toEqual({
    sslmode: 'verify-full',
    sslrootcert: here,
    sslcert: here,
    sslkey: here,
  });
});

it('a certificate without its key is refused, and the other way round', () => {
  expect(() => toUrl({ PLATTE_POSTGRES_CERT_FILE: here })).toThrow(
    'PLATTE_POSTGRES_KEY_FILE is missing: it is needed beside PLATTE_POSTGRES_CERT_FILE',
  );
  expect(() => toUrl({ PLATTE_POSTGRES_KEY_FILE: here })).toThrow(
    'PLATTE_POSTGRES_CERT_FILE is missing: it is needed beside PLATTE_POSTGRES_KEY_FILE',
  );
});
