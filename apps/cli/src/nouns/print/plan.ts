// What a change would change: the answer to a dry run, as rows or whole.
import type { Plan } from '@platte/api-contract';
import { stringify } from 'yaml';
import type { Call } from '../call.js';
import { describeDifference } from './system-views.js';
import { renderTable, type Column } from './table.js';
import { toPlural } from './words.js';

type Planned = Plan['changes'][number];

const columns: readonly Column<Planned>[] = [
  { name: 'WOULD', cell: ({ kind }) => kind },
  { name: 'OF', cell: nameOf },
  { name: 'CHANGE', cell: ({ before, after }) => describeDifference(before, after) },
];

export function printPlan({ io, options }: Call, plan: Plan): void {
  switch (options['output']) {
    case 'json':
      io.out(JSON.stringify(plan, null, 2));
      break;
    case 'yaml':
      io.out(stringify(plan).trimEnd());
      break;
    default:
      if (plan.changes.length > 0)
        io.out(
          renderTable(plan.changes, columns, { now: io.now(), width: io.width, isWide: false, bold: io.colours.bold }),
        );
  }
  io.say(describe(plan));
}

function describe({ changes, omitted, machines }: Plan): string {
  if (changes.length === 0) return 'A dry run: there is nothing to change.';
  const touched = machines === null ? 'How many machines it touches is not known now.' : describeTouched(machines);
  const more = omitted === 0 ? '' : ` ${toPlural(omitted, 'more change')} would follow.`;
  return `A dry run: nothing was changed. ${touched}${more}`;
}

const describeTouched = (machines: number): string =>
  machines === 0 ? 'It would touch no machine.' : `It would touch ${toPlural(machines, 'machine')}.`;

/** By its name, where it has one: ids of what would be created are drawn anew when it is done. */
function nameOf({ subject, before, after }: Planned): string {
  const { name, version, arch } = after ?? before ?? {};
  if (typeof name === 'string' && name !== '') return name;
  return typeof version === 'string' ? [version, arch].filter(Boolean).join('/') : subject;
}
