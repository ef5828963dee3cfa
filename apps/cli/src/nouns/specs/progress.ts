// How far a fleet has come and what went wrong on the way: the same questions of a group and of an application.
import type { OperationId } from '@platte/api-contract';
import type { VerbSpec } from '../command-spec.js';
import type { ProgressQuestion } from '../progress-question.js';
import type { OptionSpec } from '../option-spec.js';
import { part, rows } from './options.js';

const load = () => import('../run/progress.js');

const range: readonly OptionSpec[] = [
  { flags: '--range <span>', about: 'how far back: 1h, 1d, 7d, 30d or any other', default: '1d' },
  { flags: '--from <time>', about: 'RFC 3339, in the place of --range' },
  { flags: '--to <time>', about: 'RFC 3339; now unless given' },
];

/** @param options what says where the argument is looked for */
export function progressQuestions(
  of: 'group' | 'application',
  argument: readonly [string, string],
  options: readonly OptionSpec[],
  operations: Record<ProgressQuestion, OperationId>,
): VerbSpec[] {
  const about = (name: ProgressQuestion, summary: string) => ({
    name,
    summary,
    args: [argument],
    operations: [operations[name]],
    load: async () => (await load()).ask(of, name),
  });
  const formats = ['table', 'json', 'yaml'];
  const limited = { ...rows, default: '50' };
  return [
    {
      ...about('failures', 'what went wrong, by error, version and OEM, the most frequent first'),
      kind: 'list',
      options: [...options, ...range, ...part, limited],
      formats: ['table', 'wide', 'json', 'yaml'],
      examples: [`platte ${of === 'group' ? 'groups failures stable' : 'apps failures Flatcar'} --range 7d`],
    },
    {
      ...about('funnel', 'how many updates came how far, and how long each step took'),
      kind: 'read',
      options: [...options, ...range, ...part],
      formats,
    },
    {
      ...about('silent', 'machines that took a grant and fell silent, the longest silence first'),
      kind: 'list',
      options: [...options, ...part, limited],
    },
    {
      ...about('progress', 'how many machines, of those last seen within a range, have which status now'),
      kind: 'read',
      options: [...options, ...range, ...part],
      formats,
    },
    {
      ...about('seen', 'how many different machines were seen within a range'),
      kind: 'read',
      options: [...options, ...range, ...part],
      formats: ['table', 'name', 'json', 'yaml'],
    },
  ];
}
