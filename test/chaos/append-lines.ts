import { appendFileSync } from 'node:fs';

/** What a server writes, kept for whoever reads why a run failed. */
export function appendLines(file: string): (line: string) => void {
  return (line) => appendFileSync(file, `${line}\n`);
}
