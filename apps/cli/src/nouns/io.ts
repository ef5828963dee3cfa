// Where a command talks: data on stdout, everything else on stderr, colour only on a terminal.
import pc from 'picocolors';
import { createInterface } from 'node:readline/promises';
import { isatty } from 'node:tty';
import { CliError } from './cli-error.js';
import { escapeControls } from './print/width.js';

export interface Io {
  /** A line, or several, of data. */
  out(text: string): void;
  /** A line of talk. */
  say(text: string): void;
  /** How far long work is: a line that the next replaces, and that `''` takes away. Only where a person sees it. */
  show(text: string): void;
  colours: ReturnType<typeof pc.createColors>;
  hasColour: boolean;
  isTerminal: boolean;
  canAsk: boolean;
  /** Columns of the terminal; wide enough for anything where there is none. */
  width: number;
  height: number;
  now(): number;
}

const heightWithoutTerminal = 24;

export function makeIo(): Io {
  const isTerminal = isatty(1);
  const hasColour = isTerminal && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  return {
    // Into a file or a pipe goes what is there.
    out: (text) => void process.stdout.write(`${isTerminal ? escapeControls(text) : text}\n`),
    say: (text) => void process.stderr.write(`${escapeControls(text)}\n`),
    show: isatty(2) ? (text) => void process.stderr.write(`\r\u001B[K${escapeControls(text)}`) : () => {},
    colours: pc.createColors(hasColour),
    hasColour,
    isTerminal,
    canAsk: isatty(0) && isatty(2),
    width: isTerminal ? process.stdout.columns : Number.POSITIVE_INFINITY,
    height: isTerminal ? process.stdout.rows : heightWithoutTerminal,
    now: () => Date.now(),
  };
}

/** @throws CliError when it is not confirmed, or when there is nobody to ask */
export async function confirm(io: Io, question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!io.canAsk) throw new CliError(`${question} There is no terminal to ask on: add --yes when you mean it.`);
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await reader.question(`${escapeControls(question)} [y/N] `);
  reader.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError('Nothing was changed.');
}
