import type { VerbSpec } from '../command-spec.js';
import { toWhole } from '../field-values.js';
import { activityWindow, inApp, ofApp, part } from './options.js';

export const timeline: VerbSpec = {
  name: 'timeline',
  kind: 'read',
  formats: ['plot', 'json', 'yaml', 'csv'],
  summary: 'how many machines of a group, or of a whole application, had which version or status, over time, as a plot',
  args: [['[group]', 'its id, name, track, or track/arch; without one, the whole application']],
  options: [
    inApp,
    {
      flags: '--of <what>',
      about: 'what is counted',
      choices: ['versions', 'statuses'],
      default: 'versions',
    },
    { flags: '--presence', about: 'who checked in, per bucket, in the place of every active machine at each point' },
    { flags: '--range <span>', about: 'how far back: 1h, 1d, 7d, 30d or any other', default: '1d' },
    { flags: '--from <time>', about: 'RFC 3339, in the place of --range' },
    { flags: '--to <time>', about: 'RFC 3339; now unless given' },
    { flags: '--bucket <span>', about: 'from 1m up; as fine as the plot is wide unless given' },
    ...part,
    activityWindow,
    { flags: '--height <rows>', about: 'of the plot', parse: toWhole },
  ],
  examples: [
    'platte timeline stable --range 30d',
    'platte timeline stable --of statuses --range 6h -o csv > statuses.csv',
    'platte timeline stable --presence --range 7d --bucket 1d',
    'platte timeline --oem ami --window 3d --range 30d',
  ],
  operations: [
    'getVersionTimeline',
    'getStatusTimeline',
    'getApplicationVersionTimeline',
    'getApplicationStatusTimeline',
    'getPresenceTimeline',
    'getApplicationPresenceTimeline',
  ],
  load: async () => (await import('../run/timeline.js')).showTimeline,
};

export const top: VerbSpec = {
  name: 'top',
  kind: 'list',
  summary: 'the fleet at a glance; on a terminal it refreshes until Ctrl-C',
  options: [
    ofApp,
    { flags: '--once', about: 'print it once on a terminal too' },
    { flags: '--every <seconds>', about: 'between two looks', parse: toWhole },
  ],
  operations: ['listGroups', 'getGroupBreakdown'],
  load: async () => (await import('../run/top.js')).showTop,
};

export const sql: VerbSpec = {
  name: 'sql',
  kind: 'read',
  formats: ['table', 'json', 'yaml', 'csv', 'tsv'],
  summary: 'ask the history in SQL, read only',
  args: [['<query>', 'one statement, - for stdin']],
  options: [{ flags: '--database <name>', about: 'another one' }],
  examples: [
    'platte sql "select version, count() from machine_now group by version order by 2 desc"',
    'platte sql "show tables"',
    'platte sql - -o csv < question.sql',
  ],
  operations: [],
  load: async () => (await import('../run/sql.js')).runSql,
};

const file = {
  flags: '-f, --file <file>',
  about: 'the catalog as a file, - for stdin',
  default: 'fleet.yaml',
};

export const exportFleet: VerbSpec = {
  name: 'export',
  kind: 'read',
  ownOutput: true,
  summary: 'write the whole catalog as a file; over an existing one, comments and order are kept',
  options: [ofApp, { flags: '-o, --output <file>', about: 'the file; stdout unless given' }],
  examples: ['platte export -o fleet.yaml'],
  operations: ['listApplications', 'listPackages', 'listChannels', 'listGroups', 'listDeadEnds'],
  load: async () => (await import('../run/fleet-file.js')).exportFleet,
};

const resumePaused = [
  { flags: '--resume-paused', about: 'resume what people paused or halted in the groups of the file' },
  { flags: '--reason <text>', about: 'the reason for --resume-paused, for the audit log' },
];

export const diff: VerbSpec = {
  name: 'diff',
  kind: 'read',
  formats: ['table', 'json', 'yaml'],
  summary: 'what apply would change, and how many machines that touches; exit code 1 when there is something',
  options: [file, { flags: '--prune', about: 'count what the file does not name as to be deleted' }, ...resumePaused],
  examples: ['platte diff -f fleet.yaml'],
  operations: ['getGroupBreakdown'],
  load: async () => (await import('../run/fleet-file.js')).diffFleet,
};

export const apply: VerbSpec = {
  name: 'apply',
  kind: 'change',
  destructive: true,
  formats: ['table', 'json', 'yaml'],
  summary: 'make the catalog what the file says: shows the plan, asks, then does it',
  options: [file, { flags: '--prune', about: 'delete what the file does not name' }, ...resumePaused],
  examples: [
    'platte apply -f fleet.yaml --dry-run',
    'platte apply -f fleet.yaml --yes',
    'platte apply -f fleet.yaml --resume-paused --reason "the cooling works again"',
  ],
  operations: ['createApplication', 'createPackage', 'createChannel', 'createGroup', 'resumeGroup', 'resumeRollout'],
  load: async () => (await import('../run/fleet-file.js')).applyFleet,
};
