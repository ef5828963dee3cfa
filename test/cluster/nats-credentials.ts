// Decentralised sign-in of nats-server: an operator signs accounts, an account signs users, and a user signs in with a
// `.creds` file. What the tool `nsc` makes, for one operator, one account and one user; see NATS ADR-14 for the claims.
import { randomUUID } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';

export interface NatsCredentials {
  /** Lines of a server's configuration that trust the operator and know its accounts. */
  serverConfig: string;
  /** The content of the user's `.creds` file. */
  creds: string;
}

type KeyPair = ReturnType<typeof nkeys.createUser>;

const unlimited = { subs: -1, data: -1, payload: -1 };
const accountLimits = { ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
const jetStreamLimits = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

export function makeCredentials(): NatsCredentials {
  const [operator, system, account, user] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
    nkeys.createUser(),
  ];
  const preloaded = [
    [system, { type: 'account', limits: accountLimits }],
    [account, { type: 'account', limits: { ...accountLimits, ...jetStreamLimits } }],
  ] as const;
  const accounts = preloaded.map(([key, claims]) => `${key.getPublicKey()}: ${writeJwt(operator, key, claims)}`);
  const operatorJwt = writeJwt(operator, operator, { type: 'operator', system_account: system.getPublicKey() });
  return {
    serverConfig: `operator: ${operatorJwt}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload {\n  ${accounts.join('\n  ')}\n}
`,
    creds: renderCreds(writeJwt(account, user, { type: 'user', ...unlimited }), user),
  };
}

function writeJwt(issuer: KeyPair, subject: KeyPair, claims: { type: string } & Record<string, unknown>): string {
  const toPart = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = [
    toPart({ typ: 'JWT', alg: 'ed25519-nkey' }),
    toPart({
      jti: randomUUID(),
      iat: Math.floor(Date.now() / 1000),
      iss: issuer.getPublicKey(),
      name: claims.type,
      sub: subject.getPublicKey(),
      nats: { ...claims, version: 2 },
    }),
  ].join('.');
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
}

function renderCreds(jwt: string, user: KeyPair): string {
  return `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${Buffer.from(user.getSeed()).toString()}
------END USER NKEY SEED------
`;
}
