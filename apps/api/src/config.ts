// The settings of api: PLATTE_API_PORT for `apiPort`, and so on. docs/reference lists those of all programs.
import {
  checkNatsSettings,
  checkPostgresSettings,
  choice,
  clickhouseSettings,
  count,
  duration,
  internalPortSettings,
  list,
  names,
  natsSettings,
  port,
  postgresSettings,
  processSettings,
  secret,
  text,
  url,
} from '@platte/service';
import { z } from 'zod';

const Settings = z.object({
  /** For people and tools: the API and the console. */
  apiPort: port().default(8080),
  /** Another address than loopback needs sign-in (PLATTE_OIDC_ISSUER). */
  apiListen: text('an address to listen on, such as 127.0.0.1 or 0.0.0.0').default('127.0.0.1'),
  ...internalPortSettings,
  /** /livez, /readyz, /metrics. Each program has a port of its own; 0 takes a free one. */
  internalPort: port().default(9404),
  ...natsSettings,
  ...postgresSettings,
  ...clickhouseSettings,

  /** An admin's token from the start: `plt_<12 letters or digits>_<secret>`. The one that is set is the only such one. */
  bootstrapToken: secret().optional(),
  /** The same, read from a file, such as a mounted secret. */
  adminTokenFile: text('a file').optional(),

  /** OpenID Connect sign-in for people; without an issuer only tokens sign in, and only on loopback. */
  oidcIssuer: url('https', 'http').optional(),
  oidcClientId: text().optional(),
  oidcClientSecret: secret().optional(),
  oidcScopes: text().default('openid profile email offline_access'),
  /**
   * The claim whose values give roles. A claim of exactly this name comes first (`groups`, `https://example.com/roles`). Else a
   * name that begins with `/` is a JSON pointer (`/resource_access/my.client/roles`), and in any other dots lead into claims
   * (`realm_access.roles`).
   */
  oidcRolesClaim: text().default('groups'),
  /** Where the claim is: in the id token, or in the answer of the userinfo endpoint. */
  oidcRolesFrom: choice('claims', 'userinfo').default('claims'),
  /**
   * Who is an admin: one value of the roles claim, or a JSON list of values (`["Admins", "CN=SRE,DC=example,DC=com"]`). Values
   * are compared whole, with their case.
   */
  oidcAdmins: names().default([]),
  /** Who is an operator, written as for admins. */
  oidcOperators: names().default([]),
  /** Who is a viewer, written as for admins. */
  oidcViewers: names().default([]),
  /** A claim that lists the ids of the applications that a person is limited to; its name is read as that of the roles claim. */
  oidcApplicationsClaim: text().optional(),
  /** The URL that people reach the API by: the provider sends them back to it. */
  publicUrl: url('https', 'http').optional(),
  /** Whose X-Forwarded-For is believed: addresses or networks of the proxies in front. */
  trustedProxies: list(text()).default([]),

  /** A command to policy that takes longer is answered 503; policy may still carry it out. */
  commandTimeout: duration({ minMs: 100, maxMs: 60_000 }).default(5_000),
  /** Per token or person. A console that shows ten live charts asks some 300 times a minute. */
  requestsPerMinute: count({ min: 1, max: 1_000_000 }).default(3_000),
  /** Live event streams that one token or person may hold at once, of the 200 of a replica. */
  streamsPerCaller: count({ min: 1, max: 200 }).default(20),

  ...processSettings,
});
export const Config = Settings.superRefine(checkNatsSettings).superRefine(checkPostgresSettings);
export type Config = z.infer<typeof Config>;
