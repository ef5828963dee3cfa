// Settings come from PLATTE_* environment variables: the schema's key `natsUrl` is read from PLATTE_NATS_URL. All problems
// are told at once, each with its variable and what it should be. An empty variable counts as absent. A secret may stand in a
// file instead, which PLATTE_X_FILE names.
import { z } from 'zod';
import { hideSetting } from './hide-credentials.js';
import { readSecret } from './secret-files.js';

/** sysexits.h, EX_CONFIG: a supervisor can tell a bad setting, which a restart cannot mend, from a crash. */
export const exitBadConfig = 78;

type Env = Record<string, string | undefined>;
type Parsed<T> = { status: 'good'; config: T } | { status: 'bad'; problems: string[] };

const toVariable = (key: string) => `PLATTE_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`;

/** The settings; or every problem as one sentence. */
export function parseConfig<T extends z.ZodObject>(schema: T, env: Env): Parsed<z.output<T>> {
  const known = new Map<string, string>();
  const unread = new Map<string, string>();
  for (const key of Object.keys(schema.shape)) {
    const variable = toVariable(key);
    const read = isSecret(schema, key) ? readSecret(variable, env) : { value: env[variable] };
    if ('problem' in read) unread.set(key, read.problem);
    else if (read.value !== undefined && read.value !== '') known.set(key, read.value);
  }
  const given = Object.fromEntries(known);
  const read = schema.safeParse(given);
  if (read.success && unread.size === 0) return { status: 'good', config: read.data };
  // One that could not be read is missing for the schema, too.
  const issues = (read.error?.issues ?? []).filter(({ path }) => !unread.has(String(path[0])));
  return { status: 'bad', problems: [...unread.values(), ...issues.map((issue) => toProblem(schema, given, issue))] };
}

/** As `parseConfig`, but a program with a bad setting ends here, before it listens. */
export function readConfig<T extends z.ZodObject>(schema: T, env: Env = process.env): z.output<T> {
  const parsed = parseConfig(schema, env);
  if (parsed.status === 'good') return parsed.config;
  process.stderr.write(`These settings are wrong:\n${parsed.problems.map((problem) => `  ${problem}\n`).join('')}`);
  return process.exit(exitBadConfig);
}

/** What may be logged of the settings: secrets, and user and password inside of URLs, are left out. */
export function describeConfig<T extends z.ZodObject>(schema: T, config: z.output<T>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      isSecret(schema, key) && value !== undefined ? '(secret)' : withoutCredentials(value),
    ]),
  );
}

function toProblem(schema: z.ZodObject, given: Record<string, string>, issue: z.core.$ZodIssue): string {
  const key = String(issue.path[0] ?? '');
  if (key === '') return issue.message;
  const value = given[key];
  if (value === undefined) return `${toVariable(key)} is missing: it ${issue.message}`;
  return isSecret(schema, key)
    ? `${toVariable(key)} ${issue.message}`
    : `${toVariable(key)} ${issue.message}; it is ${JSON.stringify(withoutCredentials(value))}`;
}

/** The mark of `secret()` sits on the innermost schema, below `.optional()` and `.default()`. */
function isSecret(schema: z.ZodObject, key: string): boolean {
  let piece: unknown = schema.shape[key];
  while (piece instanceof z.ZodOptional || piece instanceof z.ZodDefault || piece instanceof z.ZodNullable) {
    if (piece.meta()?.['secret'] === true) return true;
    piece = piece.unwrap();
  }
  return piece instanceof z.ZodType && piece.meta()?.['secret'] === true;
}

/** Of lists each value. */
function withoutCredentials(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCredentials);
  return typeof value === 'string' ? hideSetting(value) : value;
}
