import type { NounSpec, VerbSpec } from '../command-spec.js';

const load = () => import('../run/context.js');

export const context: NounSpec = {
  name: 'context',
  aliases: ['contexts'],
  summary: 'names for the servers you work with',
  verbs: [
    {
      name: 'list',
      aliases: ['ls'],
      kind: 'local',
      summary: 'list contexts; the current one has a star',
      operations: [],
      load: async () => (await load()).listContexts,
    },
    {
      name: 'use',
      kind: 'local',
      summary: 'make a context the current one',
      args: [['<context>', 'its name']],
      operations: [],
      load: async () => (await load()).useContext,
    },
    {
      name: 'set',
      kind: 'local',
      summary: 'add a context or change it; the first one becomes the current one',
      args: [['<name>', 'what you call it']],
      options: [
        { flags: '--server <url>', about: 'the API' },
        { flags: '--token <token>', about: 'an API token; others may see it in the process list' },
        { flags: '--token-stdin', about: 'read the token from stdin' },
        { flags: '--sql-url <url>', about: "ClickHouse's HTTP interface, for `platte sql`" },
        { flags: '--sql-user <user>', about: 'its read-only user' },
        { flags: '--sql-password-file <file>', about: 'its password' },
        { flags: '--sql-database <name>', about: 'its database' },
      ],
      examples: ['platte context set prod --server https://platte.example.com --token-stdin < token'],
      operations: [],
      load: async () => (await load()).setContext,
    },
    {
      name: 'delete',
      kind: 'local',
      summary: 'forget a context and its token',
      args: [['<context>', 'its name']],
      operations: [],
      load: async () => (await load()).deleteContext,
    },
  ],
};

export const api: VerbSpec = {
  name: 'api',
  kind: 'read',
  formats: ['json', 'yaml'],
  summary: 'call any operation of the API by its name; without one, list them',
  args: [
    ['[operation]', 'such as getGroup'],
    ['[parameters...]', 'name=value, of path or query'],
  ],
  options: [
    { flags: '-f, --file <file>', about: 'the body, YAML or JSON, - for stdin' },
    { flags: '--if-match <revision>', about: 'for an edit: the revision that you have seen' },
  ],
  examples: ['platte api', 'platte api getOpenApi', 'platte api listGroups limit=5'],
  operations: ['getDocs', 'getOpenApi'],
  load: async () => (await import('../run/api.js')).callApi,
};
