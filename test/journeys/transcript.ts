// Transcripts: what a person types and what the terminal says, as one text that is the test and its expectation. In a file of
// test/transcripts, `$ ` begins a command, `? ` one that is repeated until the terminal says what is written (for what
// becomes true soon), `## ` words for the reader; what follows a command is its output: lines that begin with `! ` came on
// stderr, and `[exit N]` is the exit code when it is not 0. Ids, times, ports and secrets are replaced by what they are.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './repository.js';

interface Entry {
  kind: 'words' | 'once' | 'until';
  line: string;
  output: string[];
}

export interface Terminal {
  /** Where it is: `.platte` is here. */
  folder: string;
  env: NodeJS.ProcessEnv;
}

const prefixes = { words: '## ', once: '$ ', until: '? ' } as const;
/** Longer nobody waits for a list to be current; a loaded machine gets its time. */
const untilMsMax = 60_000;

export const transcriptPath = (name: string): string => join(repositoryRoot(), 'test/transcripts', `${name}.txt`);

/** @returns what is written and what the terminal said: equal when all is well */
export async function playTranscript(name: string, terminal: Terminal): Promise<{ written: string; said: string }> {
  const written = readFileSync(transcriptPath(name), 'utf8');
  const isRecording = process.env['PLATTE_RECORD_TRANSCRIPTS'] === '1';
  const normalise = makeNormaliser(terminal.folder);
  const played: Entry[] = [];
  for (const entry of parse(written))
    played.push({ ...entry, output: await play(entry, terminal, normalise, isRecording) });
  const said = render(played);
  if (!isRecording) return { written, said };
  writeFileSync(transcriptPath(name), said);
  return { written: said, said };
}

function parse(text: string): Entry[] {
  const entries: Entry[] = [];
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const found = Object.entries(prefixes).find(([, prefix]) => line.startsWith(prefix));
    if (found) entries.push({ kind: found[0] as Entry['kind'], line: line.slice(found[1].length), output: [] });
    else entries.at(-1)?.output.push(line);
  }
  return entries;
}

function render(entries: readonly Entry[]): string {
  return `${entries.flatMap(({ kind, line, output }) => [prefixes[kind] + line, ...output]).join('\n')}\n`;
}

async function play(
  { kind, line, output }: Entry,
  terminal: Terminal,
  normalise: (text: string) => string,
  isRecording: boolean,
): Promise<string[]> {
  if (kind === 'words') return output;
  const ask = async (): Promise<string[]> => [...normalise(await runCommand(line, terminal)).split('\n'), ''];
  if (kind === 'once') return ask();
  return isRecording ? untilSettled(ask) : untilSaid(ask, output);
}

async function untilSaid(ask: () => Promise<string[]>, output: readonly string[]): Promise<string[]> {
  const end = Date.now() + untilMsMax;
  let said = await ask();
  while (said.join('\n') !== output.join('\n') && Date.now() < end) said = await ask();
  return said;
}

const settledTimes = 4;

/** For recording: the same often enough in a row. Whoever records reads it before it is committed. */
async function untilSettled(ask: () => Promise<string[]>): Promise<string[]> {
  let said = await ask();
  for (let same = 1; same < settledTimes;) {
    const next = await ask();
    same = next.join('\n') === said.join('\n') ? same + 1 : 1;
    said = next;
  }
  return said;
}

/** Both streams apart, and the exit code. */
function runCommand(line: string, { folder, env }: Terminal): Promise<string> {
  return new Promise((resolve) => {
    execFile('bash', ['-c', line], { cwd: folder, env }, (error, out, talk) => {
      const lines = [
        ...talk
          .split('\n')
          .filter((one) => one !== '')
          .map((one) => `! ${one}`),
        ...out
          .trimEnd()
          .split('\n')
          .filter((one, _, all) => all.length > 1 || one !== ''),
        ...(error ? [`[exit ${String(error.code)}]`] : []),
      ];
      resolve(lines.join('\n'));
    });
  });
}

/** The same thing has the same name in the whole transcript: `<id-1>`. */
function makeNormaliser(folder: string): (text: string) => string {
  const ids = new Map<string, string>();
  const nameOf = (id: string): string => {
    const name = ids.get(id) ?? `<id-${ids.size + 1}>`;
    ids.set(id, name);
    return name;
  };
  return (text) =>
    text
      .replaceAll(folder, '<folder>')
      .replaceAll(process.versions.node, '<node>')
      .replace(/\(version [\d.]+ \(embedded\)\)/g, '(version <engine>)')
      .replace(/\d+\.\d+\.\d+(?= \(API|",\s+"api")/g, '<version>')
      .replace(/^(!? *(?:request: |Boot id +))\S+$/gm, '$1<id>')
      .replace(/plt_[a-z0-9]+_\w+/g, '<token>')
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, nameOf)
      .replace(/\b(?=[a-z0-9]*\d)[a-z0-9]{12}\b/g, '<token-id>')
      // One id in twelve has no digit: it is known by its place.
      .replace(/((?:Created token \S+ \(|Revoked token |Token(?:Created|Revoked) +))[a-z]{12}\b/g, '$1<token-id>')
      .replace(/^[a-z]{12}(?= +\S+ +(?:viewer|operator|apply|admin) )/gm, '<token-id>')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
      .replace(/http:\/\/127\.0\.0\.1:\d+/g, '<url>')
      .replace(/\b\d+[smhd] ago\b/g, '<age> ago')
      .replace(/\bin \d+[smhd]\b/g, 'in <age>')
      .split('\n')
      .map((line) => normaliseRow(line))
      .join('\n');
}

/** Ages stand alone in their column; and columns are as wide as what was replaced. */
function normaliseRow(line: string): string {
  const isRow = line.split(/\S {2,}/).length > 3;
  return (isRow ? line.replace(/(?<= {2})\d+[smhd](?= {2}|$)/g, '<age>') : line).replace(/(?<=\S) {2,}/g, '  ');
}
