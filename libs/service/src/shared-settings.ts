// Settings that several programs have, once: each program spreads the groups it needs into its own schema. What a program
// wants otherwise it names again after them.
import type { z } from 'zod';
import { byteSize, choice, count, duration, file, flag, port, secret, text, url, urls } from './config-pieces.js';

/** /livez, /readyz, /metrics. Each program names its own default port, so that all of them fit on one machine. */
export const internalPortSettings = {
  /** /livez, /readyz, /metrics. */
  internalPort: port().default(0),
  internalListen: text('an address to listen on').default('127.0.0.1'),
};

export const natsSettings = {
  /** One server, or several of a cluster apart by commas. The scheme `tls` requires TLS. May hold user and password, which are shown to nobody. */
  natsUrl: urls('nats', 'tls'),
  natsUser: text().optional(),
  natsPassword: secret().optional(),
  /** A `.creds` file: the user's JWT and key, as `nsc` writes it. It takes the place of user and password. Read anew at each connection. */
  natsCredsFile: file().optional(),
  /** A PEM file of the authorities that may sign the servers' certificates, for a private one. TLS is required then. Read anew at each connection. */
  natsCaFile: file().optional(),
  /** A PEM file of this client's certificate, for servers that verify clients. Needs PLATTE_NATS_KEY_FILE. Read anew at each connection. */
  natsCertFile: file().optional(),
  /** A PEM file of the key of that certificate. */
  natsKeyFile: file().optional(),
  /** Of the streams, where this program is the first to come: 3 in a cluster. */
  natsReplicas: count({ min: 1, max: 5 }).default(1),
  /** How much of NATS's disk the facts may take. */
  factsMax: byteSize({ min: 2 ** 20 }).default(10 * 2 ** 30),
};

/** A certificate and its key come together. For `superRefine` of a schema that has `natsSettings`. */
export function checkNatsSettings(
  { natsCertFile, natsKeyFile }: { natsCertFile?: string | undefined; natsKeyFile?: string | undefined },
  context: z.RefinementCtx,
): void {
  if ((natsCertFile === undefined) === (natsKeyFile === undefined)) return;
  const [missing, given] = natsKeyFile === undefined ? ['natsKeyFile', 'CERT'] : ['natsCertFile', 'KEY'];
  context.addIssue({ code: 'custom', path: [missing], message: `is needed beside PLATTE_NATS_${given}_FILE` });
}

interface NatsAccess {
  url: string;
  user: string | undefined;
  password: string | undefined;
  caFile: string | undefined;
  certFile: string | undefined;
  keyFile: string | undefined;
  credsFile: string | undefined;
}

/** What a connection to NATS needs of a program's settings. */
export function toNatsAccess(config: z.output<z.ZodObject<typeof natsSettings>>): NatsAccess {
  return {
    url: config.natsUrl,
    user: config.natsUser,
    password: config.natsPassword,
    caFile: config.natsCaFile,
    certFile: config.natsCertFile,
    keyFile: config.natsKeyFile,
    credsFile: config.natsCredsFile,
  };
}

export const postgresSettings = {
  /** May hold a password: shown to nobody. */
  postgresUrl: url('postgres', 'postgresql').meta({ secret: true }),
  /** Encrypts connections, and checks the server's certificate and its name. One of the next three files turns it on, too. */
  postgresTls: flag().default(false),
  /** The certificates of private authorities, as PEM; without it, those that Node knows. */
  postgresCaFile: file().optional(),
  /** The certificate of this program, as PEM, where PostgreSQL asks for one; with its key. */
  postgresCertFile: file().optional(),
  /** The key of that certificate, as PEM, without a passphrase. */
  postgresKeyFile: file().optional(),
};

export const clickhouseSettings = {
  /** Its HTTP interface; `https` encrypts, and checks the server's certificate and its name. */
  clickhouseUrl: url('http', 'https'),
  /** The certificates of private authorities, as PEM; without it, those that Node knows. Read at the start. */
  clickhouseCaFile: file().optional(),
  clickhouseUser: text().default('default'),
  clickhousePassword: secret().optional(),
  clickhouseDatabase: text('a name of letters, digits and underscores')
    .refine((name) => /^\w+$/.test(name), { error: 'should be a name of letters, digits and underscores' })
    .default('platte'),
};

/** Of programs that watch what fills: the log, a spool, a disk. */
export const fillSettings = {
  /** A place that fills is a warning from so much used on, in percent: in /readyz, in the log, in `platte doctor`. */
  fillWarnPercent: count({ min: 1, max: 100 }).default(80),
  /** So is one that will be full in so long, at the rate seen. Rates are believed 12 times as long as they were seen. */
  fillWarnWithin: duration({ minMs: 60_000, maxMs: 30 * 86_400_000 }).default(86_400_000),
};

export const processSettings = {
  logLevel: choice('debug', 'info', 'warn', 'error', 'silent').default('info'),
  /** From the signal to stop until the process ends, done or not. */
  stopGrace: duration({ minMs: 100, maxMs: 300_000 }).default(10_000),
  /** Lets tests move the time. */
  testMode: flag().default(false),
};
