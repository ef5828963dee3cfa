import { describe, expect, it } from 'vitest';
import { pickSections, refuseSections, renderBenches } from './sections.js';

const ingress = {
  name: 'ingress',
  about: 'check-ins',
  sections: [
    { name: 'kept-64', about: '64 connections' },
    { name: 'memory', about: 'ten minutes', onlyNamed: true },
  ],
};
const cli = { name: 'cli', about: 'the command line' };

describe('sections', () => {
  it('are all measured but those that must be named', () => {
    expect(pickSections(ingress.sections, undefined).map(({ name }) => name)).toEqual(['kept-64']);
  });

  it('are measured by name', () => {
    expect(pickSections(ingress.sections, ['memory']).map(({ name }) => name)).toEqual(['memory']);
  });

  it.each([
    [[ingress], ['kept-64', 'memory'], undefined],
    [[ingress, cli], ['memory'], undefined],
    [[ingress], ['kept-63'], 'no section named "kept-63" in ingress; there are: kept-64, memory'],
    [[ingress], ['kept-64', ''], 'no section named "" in ingress; there are: kept-64, memory'],
    [[cli], ['kept-64', 'x'], 'no section named "kept-64", "x" in cli; there is none'],
  ])('that are unknown are refused before anything is measured: %#', (benches, only, said) => {
    expect(refuseSections(benches, only)).toBe(said);
  });

  it('are listed below their bench', () => {
    expect(renderBenches([cli, ingress]).split('\n')).toEqual([
      'cli        the command line',
      'ingress    check-ins',
      '  kept-64  64 connections',
      '  memory   ten minutes (only with --only)',
    ]);
  });
});
