// What a change would change: the answer to a dry run, as rows or whole.
import type { Plan } from '@platte/api-contract';
import { stringify } from 'yaml';
import type { Call } from '../call.js';
import { applicationNames, groupNames } from '../run/names.js';
import type { Names } from './catalog-views.js';
import { describeDifference } from './system-views.js';
import { renderTable, type Column } from './table.js';
import { toPlural } from './words.js';

type Planned = Plan['changes'][number];

interface Known {
  applications: Names;
  groups: Names;
}

const toColumns = ({ applications, groups }: Known): readonly Column<Planned>[] => [
  { name: 'WOULD', cell: ({ kind }) => kind },
  { name: 'OF', cell: (change) => nameOf(change, groups) },
  { name: 'APPLICATION', cell: ({ application }) => applications(application) },
  { name: 'CHANGE', cell: ({ before, after }) => describeDifference(before, after) },
];

export async function printPlan(call: Call, plan: Plan): Promise<void> {
  const { io, options } = call;
  switch (options['output']) {
    case 'json':
      io.out(JSON.stringify(plan, null, 2));
      break;
    case 'yaml':
      io.out(stringify(plan).trimEnd());
      break;
    default:
      if (plan.changes.length > 0) {
        const style = { now: io.now(), width: io.width, isWide: false, bold: io.colours.bold };
        io.out(renderTable(plan.changes, toColumns(await readNames(call, plan)), style));
      }
  }
  io.say(describe(plan));
}

/** Of what is there, and of what the plan would make first. */
async function readNames(call: Call, { changes }: Plan): Promise<Known> {
  const made = new Map(changes.flatMap(({ subject, after }) => (after ? [[subject, after['name']] as const] : [])));
  const withMade =
    (names: Names): Names =>
    (id) => {
      const name = id === null ? undefined : made.get(id);
      return typeof name === 'string' ? name : names(id);
    };
  const [applications, groups] = await Promise.all([applicationNames(call), groupNames(call)]);
  return { applications: withMade(applications), groups: withMade(groups) };
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
function nameOf({ subject, group, before, after }: Planned, groups: Names): string {
  const { name, version, arch, toVersion } = after ?? before ?? {};
  if (typeof name === 'string' && name !== '') return name;
  // A rollout is a group's way to a version.
  if (typeof toVersion === 'string') return `${groups(group)} to ${toVersion}`;
  return typeof version === 'string' ? [version, arch].filter(Boolean).join('/') : subject;
}
