// What docs/how-to shows on a terminal is what a terminal said: each of its console blocks stands in a transcript, and those
// are played by a journey. Of what the terminal said a block may leave out the end.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (folder: string, ending: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => ({ name, text: readFileSync(join(root, folder, name), 'utf8') }));

/** As people see it: both streams, one line after the other. */
const transcripts = read('test/transcripts', '.txt').map(({ text }) =>
  text.replaceAll(/^\? /gm, '$ ').replaceAll(/^! /gm, ''),
);

const blocks = read('docs/how-to', '.md').flatMap(({ name, text }) =>
  [...text.matchAll(/^( *)```console\n(.*?)^ *```$/gms)].map(
    ([, indent = '', block = '']) => [name, block.replaceAll(new RegExp(`^${indent}`, 'gm'), '').trimEnd()] as const,
  ),
);

it('shows something', () => expect(blocks.length).toBeGreaterThan(4));

it.each(blocks.filter(([, block]) => block.includes('platte ')))('%s shows what a terminal said: %s', (_, block) => {
  expect(transcripts.some((text) => text.includes(block))).toBe(true);
});
