import { describe, expect, it } from 'vitest';
import { parseYaml } from './yaml-text.js';

const text = `# a fleet
applications:
  - name: One
    groups:
      - name: 7
`;

describe('a text of YAML', () => {
  const yaml = parseYaml(text, 'f.yaml');

  it('points at the value of a path', () => {
    expect(yaml.point(['applications', 0, 'groups', 0, 'name'], 'is no name')).toBe(
      ['f.yaml:5:15: applications[0].groups[0].name: is no name', '          - name: 7', '                  ^'].join(
        '\n',
      ),
    );
  });

  it('points at a name', () => {
    expect(yaml.point(['applications', 0], 'is not known', 'groups')).toBe(
      ['f.yaml:4:5: applications[0].groups: is not known', '        groups:', '        ^'].join('\n'),
    );
  });

  it('points at what is around it, where there is nothing at the path', () => {
    expect(yaml.point(['applications', 0, 'versioning'], 'is missing')).toMatch(
      /^f\.yaml:3:5: applications\[0\]\.versioning: is missing\n.* - name: One\n {8}\^$/,
    );
    expect(parseYaml('', 'f.yaml').point([], 'holds nothing')).toMatch(/^f\.yaml:1:1: holds nothing/);
  });

  it('points at each of ten thousand places', () => {
    const many = parseYaml('- 1\n'.repeat(10_000), 'f.yaml');
    const pointed = Array.from({ length: 10_000 }, (_, at) => many.point([at], 'is wrong'));
    expect(pointed.at(-1)).toBe('f.yaml:10000:3: [9999]: is wrong\n    - 1\n      ^');
  });

  it('shows of a long line what is around the place', () => {
    const long = parseYaml(`{"a": "${'x'.repeat(500)}", "b": 1, "c": "${'y'.repeat(500)}"}`, 'f.json');
    const [, line = '', mark = ''] = long.point(['b'], 'is wrong').split('\n');
    expect(line.length).toBeLessThanOrEqual(104);
    expect(line[mark.indexOf('^')]).toBe('1');
  });

  it.each([
    ['a: [1\nb: 2\n', /^f is neither YAML nor JSON:\nf:2:1: .*\n {4}b: 2\n {4}\^$/],
    ['a: b: c\n', /\nf:1:4: .*\n {4}a: b: c\n {7}\^$/],
    ['a: 1\na: 2\n', /\nf:2:1: Map keys must be unique/],
    ['a: 1\n---\nb: 1\n', /\nf:2:1: /],
    ['a:\r\n\tb: 1\r\n', /\nf:2:1: .*\n {4}\tb: 1\n {4}\^$/],
  ])('that is none says where: %j', (wrong, words) => {
    expect(() => parseYaml(wrong, 'f')).toThrow(words);
  });

  it('that has no value says why', () => {
    expect(() => parseYaml('a: *nothing', 'f')).toThrow(/nothing/);
  });
});
