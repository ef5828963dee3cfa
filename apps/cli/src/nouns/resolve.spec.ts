import { describe, expect, it } from 'vitest';
import { exitCodes } from '../exit-codes.js';
import { CliError } from './cli-error.js';
import { pick, type Candidate } from './resolve.js';

const candidates: Candidate[] = [
  { id: 'aaaaaaaa-0000-4000-8000-000000000001', names: ['Stable (AMD64)', 'stable', 'stable/amd64'], about: 'amd64' },
  { id: 'aaaaaaaa-0000-4000-8000-000000000002', names: ['Stable (ARM64)', 'stable', 'stable/arm64'], about: 'arm64' },
  { id: 'aaaaaaaa-0000-4000-8000-000000000003', names: ['Beta', 'beta'], about: 'beta' },
];

function refusal(text: string): CliError {
  try {
    pick('group', text, candidates);
  } catch (error) {
    if (error instanceof CliError) return error;
  }
  throw new Error(`${text} is not refused`);
}

describe('a thing', () => {
  it.each([
    ['its id', 'aaaaaaaa-0000-4000-8000-000000000002', '2'],
    ['its id in capitals', 'AAAAAAAA-0000-4000-8000-000000000002', '2'],
    ['its name', 'Stable (AMD64)', '1'],
    ['its track and arch', 'stable/arm64', '2'],
    ['its name in another case', 'BETA', '3'],
  ])('is found by %s', (_, text, end) => {
    expect(pick('group', text, candidates)).toBe(`aaaaaaaa-0000-4000-8000-00000000000${end}`);
  });

  it('is refused with a list where several fit', () => {
    const { message, exitCode } = refusal('stable');
    expect(exitCode).toBe(exitCodes.usage);
    expect(message).toContain('2 groups are called stable');
    expect(message).toContain('aaaaaaaa-0000-4000-8000-000000000001  amd64');
    expect(message).toContain('aaaaaaaa-0000-4000-8000-000000000002  arm64');
  });

  it('is refused with what there is where nothing fits', () => {
    const { message, exitCode } = refusal('gamma');
    expect(exitCode).toBe(exitCodes.notFound);
    expect(message).toBe('There is no group gamma. There are: Stable (AMD64), Stable (ARM64), Beta');
  });

  it('is taken exactly before it is taken in another case', () => {
    const both = [
      { id: '1', names: ['beta'], about: '' },
      { id: '2', names: ['Beta'], about: '' },
    ];
    expect(pick('group', 'Beta', both)).toBe('2');
  });
});
