// A real identity provider in this process, and the settings by which an api asks it.
import { createServer } from 'node:http';
import { portOf } from '@platte/service';
import { Provider } from 'oidc-provider';
import type { OidcConfig } from '../sign-in/oidc-config.js';

/** Where people reach the api; their browsers find it (see browser.ts). */
export const platte = 'https://platte.test';

export function configOf(issuer: string, changes: Partial<OidcConfig> = {}): OidcConfig {
  return {
    issuer,
    clientId: 'platte',
    clientSecret,
    scopes: 'openid offline_access groups',
    publicUrl: platte,
    redirectUri: `${platte}/auth/callback`,
    afterLogoutUri: `${platte}/`,
    rolesFrom: 'claims',
    rules: {
      claim: 'groups',
      values: { viewer: ['staff'], operator: ['ops'], admin: ['root'] },
      applicationsClaim: undefined,
    },
    ...changes,
  };
}

const clientSecret = 'a secret of the client';

export interface RunningProvider {
  url: string;
  stop(): void;
}

type Place = 'id_token' | 'userinfo';

/**
 * @param people who it knows, and which groups they are in now; who is in no list has no such claim
 * @param isTold whether the claim is in this answer of the provider
 */
export async function startProvider(
  people: ReadonlyMap<string, string[]>,
  isTold: (place: Place) => boolean = () => true,
): Promise<RunningProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${portOf(server)}`;
  const provider = new Provider(url, {
    clients: [
      {
        client_id: 'platte',
        client_secret: clientSecret,
        redirect_uris: [`${platte}/auth/callback`],
        post_logout_redirect_uris: [`${platte}/`],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    claims: { openid: ['sub'], groups: ['groups', 'preferred_username'] },
    scopes: ['openid', 'offline_access', 'groups'],
    conformIdTokenClaims: false,
    issueRefreshToken: async () => true,
    cookies: { keys: ['of a test'] },
    findAccount: async (_: unknown, id: string) => ({
      accountId: id,
      claims: async (place: Place) => ({
        sub: id,
        preferred_username: `${id}@example.com`,
        ...(isTold(place) && people.has(id) && { groups: people.get(id) }),
      }),
    }),
  });
  server.on('request', provider.callback());
  return {
    url,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
