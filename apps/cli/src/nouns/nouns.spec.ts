import { execFileSync } from 'node:child_process';
import { operationIds } from '@platte/api-contract';
import { describe, expect, it } from 'vitest';
import { makeProgram } from '../program.js';
import { renderCompletion, shells } from './completion.js';
import { listVerbs } from './nouns.js';

const verbs = listVerbs();

describe('the commands', () => {
  it('reach every operation of the API', () => {
    const reached = new Set<string>(verbs.flatMap(({ verb }) => verb.operations));
    expect(operationIds.filter((id) => !reached.has(id))).toEqual([]);
  });

  it.each(verbs.map(({ words, verb }) => [words, verb] as const))('%s has code behind it', async (_, verb) => {
    expect(await verb.load()).toBeTypeOf('function');
  });

  it('ask before they take something away for good, and offer to try it', () => {
    const destructive = verbs.filter(({ words }) => /(delete|revoke|drop)/.test(words) && !words.startsWith('context'));
    expect(destructive.length).toBeGreaterThan(5);
    expect(
      destructive.filter(({ verb }) => !verb.destructive || verb.kind !== 'change').map(({ words }) => words),
    ).toEqual([]);
  });

  it('have no option twice', () => {
    const program = makeProgram();
    for (const noun of program.commands) {
      for (const command of [noun, ...noun.commands]) {
        const flags = command.options.flatMap(({ short, long }) => [short, long]).filter((flag) => flag !== undefined);
        expect(new Set(flags).size, `${noun.name()} ${command.name()}: ${flags.join(' ')}`).toBe(flags.length);
      }
    }
  });

  it.each([
    ['platte gr', 'groups'],
    ['platte groups pau', 'pause'],
    ['platte groups pause --dry', '--dry-run'],
    ['platte timeline stable -o p', 'plot'],
    ['platte group li', 'list'],
    // Nothing answers: what can be said without is said.
    ['platte groups pause --server http://127.0.0.1:1 --d', '--dry-run --data'],
  ])('are completed by a real bash: %s', (line, completed) => {
    const words = line.split(' ').map((word) => `'${word}'`);
    const ask = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _platte; echo "\${COMPREPLY[@]}"`;
    const script = `${renderCompletion(makeProgram(), 'bash')}\n${ask}`;
    expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim()).toBe(completed);
  });

  it.each(shells)('are completed in %s', (shell) => {
    const script = renderCompletion(makeProgram(), shell);
    for (const word of ['timeline', 'set-floor', 'mark-dead-end', 'plot json yaml csv']) expect(script).toContain(word);
  });
});
