// The identity provider (OpenID Connect): code flow with PKCE. openid-client checks issuer, audience, expiry and nonce, and is
// told to check signatures also where TLS would do, so that a token without one is refused.
//
// It is found when somebody first signs in, not when api starts: tokens go on working while it is away.
import * as oidc from 'openid-client';
import type { OidcConfig } from './oidc-config.js';
import { toPerson, type Known } from './roles.js';

export interface Tokens {
  refreshToken: string | undefined;
  idToken: string | undefined;
}

export interface SignedIn {
  known: Known;
  tokens: Tokens;
}

export interface Begun {
  url: string;
  state: string;
  nonce: string;
  verifier: string;
}

export interface Provider {
  begin(): Promise<Begun>;
  /** @throws when anything about the answer is not as it must be */
  finish(answer: URL, begun: Omit<Begun, 'url'>): Promise<SignedIn>;
  /** Asks whether the person is still who they were. @throws when the provider does not say so */
  refresh(tokens: Tokens, subject: string): Promise<SignedIn>;
  /** Where the browser goes to sign out there too; undefined where the provider has no such place. */
  logoutUrl(tokens: Tokens): Promise<string | undefined>;
}

const timeoutSeconds = 10;
/** Our clock and theirs. */
const toleranceSeconds = 5;

export function makeProvider(config: OidcConfig): Provider {
  let found: Promise<oidc.Configuration> | undefined;

  function find(): Promise<oidc.Configuration> {
    found ??= discover(config).catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    return found;
  }

  async function toSignedIn(
    server: oidc.Configuration,
    answer: Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>,
    before: Tokens,
    subject: string | undefined,
  ): Promise<SignedIn> {
    const claims = answer.claims();
    const known = subject ?? claims?.sub;
    if (known === undefined) throw new Error('the provider sent no id token');
    const identity = { sub: known, ...claims };
    return {
      known:
        config.rolesFrom === 'claims'
          ? toPerson(identity, config.rules)
          : toPerson(identity, config.rules, await oidc.fetchUserInfo(server, answer.access_token, known)),
      tokens: { refreshToken: answer.refresh_token ?? before.refreshToken, idToken: answer.id_token ?? before.idToken },
    };
  }

  return {
    async begin() {
      const server = await find();
      const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()];
      const url = oidc.buildAuthorizationUrl(server, {
        redirect_uri: config.redirectUri,
        scope: config.scopes,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, state, nonce, verifier };
    },
    async finish(answer, { state, nonce, verifier }) {
      const server = await find();
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
      const granted = await oidc.authorizationCodeGrant(server, answer, checks);
      return toSignedIn(server, granted, { refreshToken: undefined, idToken: undefined }, undefined);
    },
    async refresh(tokens, subject) {
      const server = await find();
      const granted = await oidc.refreshTokenGrant(server, tokens.refreshToken ?? '');
      if (granted.claims() && granted.claims()?.sub !== subject)
        throw new Error('the provider answered about somebody else');
      // A provider that sends no id token with a refresh says nothing of roles but by its userinfo.
      if (!granted.claims() && config.rolesFrom === 'claims')
        throw new Error('the refresh brought no id token to read roles from');
      return toSignedIn(server, granted, tokens, subject);
    },
    async logoutUrl({ idToken }) {
      const server = await find();
      if (server.serverMetadata().end_session_endpoint === undefined) return undefined;
      const back = { post_logout_redirect_uri: config.afterLogoutUri };
      return oidc.buildEndSessionUrl(server, { ...back, ...(idToken !== undefined && { id_token_hint: idToken }) })
        .href;
    },
  };
}

async function discover({ issuer, clientId, clientSecret }: OidcConfig): Promise<oidc.Configuration> {
  const url = new URL(issuer);
  const metadata = { [oidc.clockTolerance]: toleranceSeconds };
  const proof = clientSecret === undefined ? oidc.None() : oidc.ClientSecretPost(clientSecret);
  const execute = [oidc.enableNonRepudiationChecks, ...(url.protocol === 'http:' ? [oidc.allowInsecureRequests] : [])];
  return oidc.discovery(url, clientId, metadata, proof, { execute, timeout: timeoutSeconds });
}
