import { createWriteStream } from 'node:fs';

/** Appends lines to a file. A disk that is full must not take the platform with it: what cannot be written is dropped. */
export function appendLog(file: string): (line: string) => void {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  stream.on('error', () => {});
  return (line) => void stream.write(`${line}\n`);
}
