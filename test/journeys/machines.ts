// Recorded requests of real machines, said by other machines.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './repository.js';

/** A request of test/clients/recordings, byte for byte: `update-engine.check.3-2`. */
export function recording(name: string): string {
  return readFileSync(join(repositoryRoot(), 'test/clients/recordings', `${name}.xml`), 'utf8');
}

export function withMachine(body: string, machine: string): string {
  return withAttribute(body, 'machineid', machine);
}

/** The same request with another value of one attribute of its app. */
export function withAttribute(body: string, name: string, value: string): string {
  return body.replace(new RegExp(`(<app [^>]* ${name}=")[^"]*`), `$1${value}`);
}
