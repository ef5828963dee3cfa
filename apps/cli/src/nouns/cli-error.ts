import { exitCodes } from '../exit-codes.js';

/** Something to tell whoever typed the command, in words that say what to do next; no stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    message: string,
    readonly exitCode: number = exitCodes.usage,
  ) {
    super(message);
  }
}
