// Makes an admin's token where there is none yet and nobody can sign in: `node dist/make-admin-token.js [name]`, with
// the settings of PostgreSQL as api has them (PLATTE_POSTGRES_URL and its like). The token is printed this once, and its making is in the audit log.
import { randomBytes, randomInt } from 'node:crypto';
import { PostgresConfig, readConfig, withPostgresTls } from '@platte/service';
import { addToken, closeStore, migrate, openStore } from '@platte/state-store';

const dayMs = 86_400_000;
/** Long enough to make a better one, or to set up sign-in. */
const validDays = 7;

const { postgresUrl: url } = withPostgresTls(readConfig(PostgresConfig));
await migrate(url);
const store = openStore({ url });
try {
  const id = Array.from({ length: 12 }, () => randomInt(36).toString(36)).join('');
  const secret = randomBytes(24).toString('base64url');
  const createdAt = Date.now();
  const name = process.argv[2] ?? 'first admin';
  const expiresAt = createdAt + validDays * dayMs;
  const createdBy = { kind: 'rule', name: 'make-admin-token' } as const;
  await addToken(store.pool, { id, secret, name, role: 'admin', applications: null, createdBy, createdAt, expiresAt });
  process.stdout.write(`plt_${id}_${secret}\n`);
  process.stderr.write(`It is valid for ${validDays} days, and shown this once.\n`);
} finally {
  await closeStore(store);
}
