// `breakdown` and `difference`, of a group and of an application.
import type { OperationId } from '@platte/api-contract';
import type { VerbSpec } from '../command-spec.js';
import type { OptionSpec } from '../option-spec.js';
import { activityWindow, part } from './options.js';

const load = () => import('../run/breakdown.js');

export function machineCounts(
  of: 'group' | 'application',
  argument: readonly [string, string],
  options: readonly OptionSpec[],
  operations: { breakdown: OperationId; difference: OperationId },
): VerbSpec[] {
  const formats = ['table', 'json', 'yaml'];
  return [
    {
      name: 'breakdown',
      kind: 'read',
      formats,
      summary: 'how many machines have which version and status, now or at a moment',
      args: [argument],
      options: [...options, { flags: '--at <time>', about: 'RFC 3339: 2026-11-23T09:00:00Z' }, ...part, activityWindow],
      operations: [operations.breakdown],
      load: async () => (of === 'group' ? (await load()).showGroupBreakdown : (await load()).showAppBreakdown),
    },
    {
      name: 'difference',
      kind: 'read',
      formats,
      summary: 'what changed between two moments, by version and status',
      args: [argument],
      options: [
        ...options,
        { flags: '--from <time>', about: 'RFC 3339 (required)' },
        { flags: '--to <time>', about: 'RFC 3339; now unless given' },
        ...part,
        activityWindow,
      ],
      operations: [operations.difference],
      load: async () => (of === 'group' ? (await load()).showGroupDifference : (await load()).showAppDifference),
    },
  ];
}
