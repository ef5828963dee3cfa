// What the command line and the sign-in pages of the API say to each other: a person's yes in their browser becomes a token.
// Not of the table of operations: these are places that a browser goes to. apps/api/src/sign-in/command-line-routes.ts has the
// whole way.
import { z } from 'zod';
import { toDecimal } from './page.js';

export const commandLinePath = '/auth/command-line';

/** The query by which the command line asks, and the form that the person sends. */
export const CommandLineAsked = z.object({
  /** Of the person's own machine: what is below 1024 belongs to somebody else. */
  port: toDecimal(z.number().int().min(1024).max(65_535)),
  state: z.string().regex(/^[\w-]{16,128}$/),
  /** BASE64URL(SHA256(verifier)). */
  challenge: z.string().regex(/^[\w-]{43}$/),
  /** Where the command line runs, as it says itself. */
  host: z.string().regex(/^[\w.-]{1,64}$/),
});
export type CommandLineAsked = z.infer<typeof CommandLineAsked>;

export const CommandLineExchange = z.object({
  code: z.string().min(1).max(128),
  verifier: z.string().regex(/^[\w.~-]{43,128}$/),
});
export type CommandLineExchange = z.infer<typeof CommandLineExchange>;

export const CommandLineToken = z.object({
  token: z.string(),
  id: z.string(),
  name: z.string(),
  role: z.enum(['viewer', 'operator', 'admin']),
  expires: z.iso.datetime(),
});
export type CommandLineToken = z.infer<typeof CommandLineToken>;

/** The page and the terminal show the same: a person compares them before they say yes. */
export function toCheckCode(challenge: string): string {
  const letters = challenge.replaceAll(/[-_]/g, '').toUpperCase();
  return `${letters.slice(0, 4)}-${letters.slice(4, 8)}`;
}
