// What signing in needs to know, from the program's settings. All of it or none: half of it ends the program.
import { roles, type Role } from '@platte/api-contract';
import { isLoopback } from '../listen-rule.js';
import type { Config } from '../config.js';
import type { RoleRules } from './roles.js';

export interface OidcConfig {
  issuer: string;
  clientId: string;
  /** Absent for a public client: PKCE proves enough then. */
  clientSecret: string | undefined;
  scopes: string;
  /** Where people reach us, without a slash at its end: `https://platte.example.com`. */
  publicUrl: string;
  redirectUri: string;
  afterLogoutUri: string;
  rolesFrom: 'claims' | 'userinfo';
  rules: RoleRules;
}

export const callbackPath = '/auth/callback';

/** Undefined without sign-in; a text says what is wrong with the settings. */
export function toOidcConfig(config: Config): OidcConfig | string | undefined {
  const { oidcIssuer: issuer, oidcClientId: clientId, publicUrl } = config;
  if (issuer === undefined) return undefined;
  if (clientId === undefined) return 'PLATTE_OIDC_CLIENT_ID is missing: PLATTE_OIDC_ISSUER is set';
  if (publicUrl === undefined)
    return 'PLATTE_PUBLIC_URL is missing: sign-in needs the URL that people reach the API by, such as https://platte.example.com';
  const insecure = [['PLATTE_OIDC_ISSUER', issuer] as const, ['PLATTE_PUBLIC_URL', publicUrl] as const].find(
    ([, url]) => !isSafe(url),
  );
  if (insecure) return `${insecure[0]} should start with https:// (http:// is for this machine only)`;
  const values: Record<Role, string[]> = {
    viewer: config.oidcViewers,
    operator: config.oidcOperators,
    admin: config.oidcAdmins,
  };
  if (Object.values(values).every((list) => list.length === 0))
    return 'nobody could do anything: set PLATTE_OIDC_ADMINS (and _OPERATORS, _VIEWERS) to values of the claim in PLATTE_OIDC_ROLES_CLAIM';
  const base = publicUrl.replace(/\/$/, '');
  return {
    issuer,
    clientId,
    clientSecret: config.oidcClientSecret,
    scopes: config.oidcScopes,
    publicUrl: base,
    redirectUri: base + callbackPath,
    afterLogoutUri: `${base}/`,
    rolesFrom: config.oidcRolesFrom,
    rules: { claim: config.oidcRolesClaim, values, applicationsClaim: config.oidcApplicationsClaim },
  };
}

/** Settings that hold one name now and look like the lists apart by commas that they were: nobody has such a role. */
export function suspectNames({ rules }: OidcConfig): string[] {
  const settings = { viewer: 'VIEWERS', operator: 'OPERATORS', admin: 'ADMINS' } as const;
  return roles.flatMap((role) => {
    const [name = '', ...others] = rules.values[role];
    // Distinguished names hold commas.
    if (others.length > 0 || !name.includes(',') || name.includes('=')) return [];
    return `PLATTE_OIDC_${settings[role]} is one name that holds a comma: for several names write a JSON list, such as ["root", "wheel"]`;
  });
}

function isSafe(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || isLoopback(hostname.replace(/^\[|\]$/g, ''));
}
