import type { NounSpec } from '../command-spec.js';
import type { FieldSpec } from '../option-spec.js';
import { orNone, toText } from '../field-values.js';
import { machineCounts } from './counts.js';
import { progressQuestions } from './progress.js';
import { appArgument, fromFile } from './options.js';

const fields: readonly FieldSpec[] = [
  { flags: '--description <text>', about: 'what it is', path: 'description' },
  {
    flags: '--versioning <kind>',
    about: 'how its versions are written',
    choices: ['semver', 'dotted'],
    path: 'versioning',
  },
  { flags: '--reboots', about: 'machines reboot into an update', path: 'reboots' },
  { flags: '--no-reboots', about: 'an update is complete when it is installed', path: 'reboots' },
  {
    flags: '--product-id <id>',
    about: 'reverse-domain name that machines may say in place of the id; none takes it away',
    parse: orNone(toText),
    path: 'productId',
  },
];

export const apps: NounSpec = {
  name: 'apps',
  aliases: ['app', 'applications'],
  summary: 'what machines ask updates for',
  verbs: [
    {
      name: 'list',
      aliases: ['ls'],
      kind: 'list',
      summary: 'list applications',
      operations: ['listApplications'],
      load: async () => (await import('../run/apps.js')).listApps,
    },
    {
      name: 'get',
      kind: 'read',
      summary: 'show one application',
      args: [appArgument],
      operations: ['getApplication'],
      load: async () => (await import('../run/apps.js')).getApp,
    },
    {
      name: 'create',
      kind: 'change',
      summary: 'create an application, or clone one',
      args: [['<name>', 'what people call it']],
      options: [fromFile],
      fields: [
        ...fields,
        { flags: '--id <uuid>', about: 'where machines name a fixed one', path: 'id' },
        {
          flags: '--clone-of <application>',
          about: 'copies its channels and groups, without packages',
          path: 'cloneOf',
        },
      ],
      examples: ['platte apps create "Flatcar staging" --clone-of Flatcar'],
      operations: ['createApplication'],
      load: async () => (await import('../run/apps.js')).createApp,
    },
    {
      name: 'update',
      kind: 'change',
      summary: 'edit an application; what is not named stays as it is',
      args: [appArgument],
      options: [fromFile],
      fields: [{ flags: '--name <name>', about: 'another name', path: 'name' }, ...fields],
      operations: ['editApplication'],
      load: async () => (await import('../run/apps.js')).updateApp,
    },
    {
      name: 'delete',
      kind: 'change',
      destructive: true,
      summary: 'delete an application with all that belongs to it',
      args: [appArgument],
      operations: ['deleteApplication'],
      load: async () => (await import('../run/apps.js')).deleteApp,
    },
    ...machineCounts('application', appArgument, [], {
      breakdown: 'getApplicationBreakdown',
      difference: 'getApplicationDifference',
    }),
    ...progressQuestions('application', appArgument, [], {
      failures: 'getApplicationFailures',
      funnel: 'getApplicationFunnel',
      silent: 'getApplicationSilentInstances',
      progress: 'getApplicationStatusCounts',
      seen: 'getApplicationInstancesSeen',
    }),
    {
      name: 'dead-ends',
      kind: 'list',
      summary: 'list the versions that may not be updated from',
      args: [appArgument],
      operations: ['listDeadEnds'],
      load: async () => (await import('../run/apps.js')).listDeadEnds,
    },
    {
      name: 'mark-dead-end',
      kind: 'change',
      summary: 'mark a version as a dead end, with the reason that people see',
      args: [appArgument, ['<version>', 'the version that may not be updated from']],
      options: [{ flags: '--reason <text>', about: 'why (required)' }],
      operations: ['markDeadEnd'],
      load: async () => (await import('../run/apps.js')).markDeadEnd,
    },
    {
      name: 'clear-dead-end',
      kind: 'change',
      formats: [],
      summary: 'a version is no dead end any more',
      args: [appArgument, ['<version>', 'the version']],
      operations: ['clearDeadEnd'],
      load: async () => (await import('../run/apps.js')).clearDeadEnd,
    },
  ],
};
