// A secret, typed or pasted on a terminal that does not show it; from stdin where there is no terminal. Never an argument:
// others on this machine read those in the process list.
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Io } from '../io.js';
import { readText } from '../run/body.js';

export async function askSecret(io: Io, what: string): Promise<string> {
  if (!io.canAsk) return readText('-').trim();
  const nothing = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: nothing, terminal: true });
  // The terminal shows nothing from here on: who is asked sooner, and is quick, would see what they paste.
  process.stderr.write(`${what}: `);
  reader.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const secret = await reader.question('');
  reader.close();
  io.say('');
  return secret.trim();
}
