// PostgreSQL's URL with the settings of TLS in it, under libpq's names: whoever opens a connection needs the URL and nothing
// else. The driver reads the files anew for each connection, so that a renewed certificate is used without a restart.
import { z } from 'zod';
import { postgresSettings } from './shared-settings.js';

type Settings = z.output<z.ZodObject<typeof postgresSettings>>;

/** The same settings, with the URL that connections are opened by. */
export function withPostgresTls<Config extends Settings>(config: Config): Config {
  return { ...config, postgresUrl: toPostgresUrl(config) };
}

function toPostgresUrl(config: Settings): string {
  const { postgresTls, postgresCaFile, postgresCertFile, postgresKeyFile } = config;
  const files = { sslrootcert: postgresCaFile, sslcert: postgresCertFile, sslkey: postgresKeyFile };
  const given = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (!postgresTls && given.length === 0) return config.postgresUrl;
  const url = new URL(config.postgresUrl);
  // Of libpq's modes the one that checks both the certificate and whose it is.
  url.searchParams.set('sslmode', 'verify-full');
  for (const [name, file] of given) url.searchParams.set(name, file);
  return url.href;
}

/** A certificate and its key come together. For `superRefine` of a schema that has `postgresSettings`. */
export function checkPostgresSettings(
  { postgresCertFile, postgresKeyFile }: Pick<Settings, 'postgresCertFile' | 'postgresKeyFile'>,
  context: z.RefinementCtx,
): void {
  if ((postgresCertFile === undefined) === (postgresKeyFile === undefined)) return;
  const [missing, given] = postgresKeyFile === undefined ? ['postgresKeyFile', 'CERT'] : ['postgresCertFile', 'KEY'];
  context.addIssue({ code: 'custom', path: [missing], message: `is needed beside PLATTE_POSTGRES_${given}_FILE` });
}

/** Of tools that need PostgreSQL alone. */
export const PostgresConfig = z.object(postgresSettings).superRefine(checkPostgresSettings);
