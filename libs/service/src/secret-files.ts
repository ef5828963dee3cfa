// The file form of secrets: PLATTE_X_FILE names a file that holds the value of PLATTE_X, as mounted secrets are. The
// environment of a process is shown to more people and programs than a file of mode 0600.
import { readFileSync } from 'node:fs';

type Env = Record<string, string | undefined>;

export type SecretValue = { value: string | undefined } | { problem: string };

/** The variable's own value, or the text of the file that its `_FILE` form names. Empty counts as absent. */
export function readSecret(variable: string, env: Env): SecretValue {
  const value = env[variable] || undefined;
  const fileVariable = `${variable}_FILE`;
  const file = env[fileVariable] || undefined;
  if (file === undefined) return { value };
  if (value !== undefined) return { problem: `${variable} and ${fileVariable} are both set: set one of them` };
  try {
    // Editors and `echo` end the last line; no secret begins or ends with a blank.
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? { problem: `${fileVariable} names an empty file: ${file}` } : { value: text };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return { problem: `${fileVariable} names a file that cannot be read (${code}): ${file}` };
  }
}
