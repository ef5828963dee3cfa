// The admin token that `up` gives to api and writes into run.json. A revoked token would lock out the person who runs the
// platform. Therefore each start checks that the token works, and makes a new one if it does not.
import { closeStore, isUsableToken, openStore } from '@platte/state-store';
import { replaceAdminToken, type Secrets } from './secrets.js';

interface Options {
  dataDir: string;
  secrets: Secrets;
  postgresUrl: string;
  say: (line: string) => void;
}

/** Before api starts: api makes the token that it is given, and revokes those that it was given before. */
export async function keepAdminToken({ dataDir, secrets, postgresUrl, say }: Options): Promise<Secrets> {
  if (await signsIn(secrets.adminToken, postgresUrl)) return secrets;
  const replaced = await replaceAdminToken(dataDir, secrets);
  say('the admin token in run.json was revoked: made another one');
  return replaced;
}

async function signsIn(token: string, postgresUrl: string): Promise<boolean> {
  const [, id = '', ...rest] = token.split('_');
  // A secret may hold the mark that parts it from the id.
  const secret = rest.join('_');
  const store = openStore({ url: postgresUrl });
  try {
    return await isUsableToken(store.pool, id, secret, Date.now());
  } finally {
    await closeStore(store);
  }
}
