// What a command gets when it runs: its words, a way to talk, and a session that is opened when it is asked for.
import type { Client, ClientOptions } from '@platte/api-contract';
import type { FieldSpec } from './option-spec.js';
import type { Io } from './io.js';
import type { Target } from './target.js';

export interface Session {
  client: Client;
  /** For what is no function of the client: the live stream. */
  connection: ClientOptions;
  target: Target;
}

export interface Call {
  args: readonly (string | string[] | undefined)[];
  options: Record<string, unknown>;
  /** The command's own words, for what it tells people to type. */
  words: string;
  /** Options that are fields of the body. */
  fields: readonly FieldSpec[];
  io: Io;
  /** What to say below the data: above it, a long list would push it out of sight. */
  notes: string[];
  /** @throws CliError when nothing says which server */
  open(): Session;
}

/** @returns an exit code; nothing is success */
export type Run = (call: Call) => Promise<number | void>;

export function argument(call: Call, at: number): string {
  const given = call.args[at];
  if (typeof given !== 'string') throw new Error(`argument ${at} of ${call.words} is missing`);
  return given;
}

export function argumentsFrom(call: Call, at: number): string[] {
  const given = call.args[at];
  return Array.isArray(given) ? given : [];
}

/** The text of an option; undefined when it was not given. */
export function option(call: Call, name: string): string | undefined {
  const given = call.options[name];
  return typeof given === 'string' ? given : undefined;
}

export function flag(call: Call, name: string): boolean {
  return call.options[name] === true;
}
