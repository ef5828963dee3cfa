// The body that a command sends: what a file says, and the options above it.
import { readFileSync } from 'node:fs';
import { Option } from 'commander';
import { option, type Call } from '../call.js';
import { CliError } from '../cli-error.js';
import { parseYaml } from '../yaml-text.js';

export type Body = Record<string, unknown>;

/** `-` is stdin. @throws CliError when it cannot be read */
export function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CliError(code === 'ENOENT' ? `There is no file ${path}.` : `${path} cannot be read: ${message}`);
  }
}

/** An object in YAML or JSON. @throws CliError when it is none */
export function readObject(path: string): Body {
  const { value, point } = parseYaml(readText(path), path);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Body;
  throw new CliError(point([], 'holds no fields: it must be an object'));
}

export function readBody(call: Call): Body {
  const file = option(call, 'file');
  const body = file === undefined ? {} : readObject(file);
  for (const { flags, path, value } of call.fields) {
    const given = call.options[new Option(flags).attributeName()];
    if (given !== undefined) put(body, path.split('.'), value ?? given);
  }
  return body;
}

/** @throws CliError when there is nothing to change */
export function readChanges(call: Call): Body {
  const body = readBody(call);
  if (Object.keys(body).length > 0) return body;
  throw new CliError(`Nothing to change was named; \`${call.words} --help\` lists what can be.`);
}

function put(body: Body, [first = '', ...rest]: string[], value: unknown): void {
  if (rest.length === 0) {
    body[first] = value;
    return;
  }
  const inner = body[first];
  const next: Body = typeof inner === 'object' && inner !== null ? (inner as Body) : {};
  body[first] = next;
  put(next, rest, value);
}
