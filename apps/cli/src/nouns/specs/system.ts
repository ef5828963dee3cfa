import type { ActorKind } from '@platte/facts';
import type { NounSpec, VerbSpec } from '../command-spec.js';
import type { OptionSpec } from '../option-spec.js';
import { toWhole } from '../field-values.js';
import { ofApp, ofGroup, rows } from './options.js';

const between: readonly OptionSpec[] = [
  { flags: '--since <time>', about: 'only what happened then or later; RFC 3339: 2026-11-23T09:00:00Z' },
  { flags: '--until <time>', about: 'only what happened before then' },
];

// Only the type is imported, so that `--help` does not load the schema.
const actorKinds: Record<ActorKind, true> = {
  person: true,
  token: true,
  workload: true,
  rule: true,
  syncer: true,
  import: true,
};

const load = () => import('../run/system.js');
const loadTokens = () => import('../run/tokens.js');

export const activity: NounSpec = {
  name: 'activity',
  summary: 'what happened, and who did it',
  verbs: [
    {
      name: 'list',
      aliases: ['ls'],
      kind: 'list',
      isDefault: true,
      summary: 'what happened, newest first: rollouts started and halted, groups paused, channels changed',
      options: [ofApp, ofGroup, ...between, { ...rows, default: '50' }],
      operations: ['listActivity'],
      load: async () => (await load()).listActivity,
    },
  ],
};

export const audit: NounSpec = {
  name: 'audit',
  summary: 'every change, who made it and why, before and after',
  verbs: [
    {
      name: 'list',
      aliases: ['ls'],
      kind: 'list',
      isDefault: true,
      summary: 'every change of the catalog and of tokens, newest first',
      options: [
        ofApp,
        ofGroup,
        { flags: '--subject <id>', about: 'only of this thing' },
        { flags: '--actor <name>', about: 'only by actors of this name' },
        { flags: '--actor-kind <kind>', about: 'only by actors of this kind', choices: Object.keys(actorKinds) },
        ...between,
        { ...rows, default: '50' },
      ],
      operations: ['listAudit'],
      load: async () => (await load()).listAudit,
    },
  ],
};

export const tokens: NounSpec = {
  name: 'tokens',
  aliases: ['token'],
  summary: 'how programs and command lines sign in',
  verbs: [
    {
      name: 'list',
      aliases: ['ls'],
      kind: 'list',
      summary: 'list API tokens, without their secrets',
      operations: ['listTokens'],
      load: async () => (await loadTokens()).listTokens,
    },
    {
      name: 'create',
      kind: 'change',
      formats: ['name', 'json', 'yaml'],
      summary: 'create an API token: its secret is printed this once',
      args: [['<name>', 'what it is for']],
      options: [
        {
          flags: '--role <role>',
          about: 'what it may do',
          choices: ['viewer', 'operator', 'admin'],
          default: 'viewer',
        },
        { flags: '--app <application>', about: 'only in this application, may be repeated', repeat: true },
        { flags: '--expires-in <days>', about: 'days, or never', default: '90' },
      ],
      examples: ['platte tokens create ci --role operator --expires-in 30 > token'],
      operations: ['createToken'],
      load: async () => (await loadTokens()).createToken,
    },
    {
      name: 'revoke',
      aliases: ['delete'],
      kind: 'change',
      destructive: true,
      summary: 'revoke a token: the next request with it is refused',
      args: [['<id>', 'of `platte tokens list`']],
      options: [{ flags: '--force', about: 'also your own, when no other token signs in as an admin' }],
      operations: ['revokeToken'],
      load: async () => (await loadTokens()).revokeToken,
    },
  ],
};

export const malformed: NounSpec = {
  name: 'malformed',
  summary: 'what machines sent and nobody could read',
  verbs: [
    {
      name: 'list',
      aliases: ['ls'],
      kind: 'list',
      isDefault: true,
      summary: 'refused requests, counted and sampled, newest first',
      options: [{ ...rows, default: '50' }],
      operations: ['listRefusedRequests'],
      load: async () => (await load()).listRefused,
    },
  ],
};

export const parked: NounSpec = {
  name: 'parked',
  summary: 'messages that a consumer of the log could not apply',
  verbs: [
    {
      name: 'list',
      aliases: ['ls'],
      kind: 'list',
      isDefault: true,
      summary: 'list parked messages, oldest first',
      options: [{ ...rows, default: '50' }],
      operations: ['listParkedMessages'],
      load: async () => (await load()).listParked,
    },
    {
      name: 'retry',
      kind: 'change',
      formats: [],
      summary: 'put a parked message into the log again',
      args: [['<id>', 'of `platte parked list`']],
      operations: ['retryParkedMessage'],
      load: async () => (await load()).retryParked,
    },
    {
      name: 'drop',
      kind: 'change',
      destructive: true,
      summary: 'drop a parked message for good',
      args: [['<id>', 'of `platte parked list`']],
      operations: ['dropParkedMessage'],
      load: async () => (await load()).dropParked,
    },
  ],
};

export const restore: NounSpec = {
  name: 'restore',
  summary: 'what a PostgreSQL that was restored from a backup forgot',
  verbs: [
    {
      name: 'show',
      kind: 'read',
      isDefault: true,
      summary: 'whether grants wait for it, and what people changed since the backup',
      operations: ['getRestore'],
      load: async () => (await load()).showRestore,
    },
    {
      name: 'apply',
      kind: 'change',
      destructive: true,
      formats: ['table', 'json', 'yaml'],
      summary: 'make these changes again: then grants go on',
      options: [{ flags: '--accept-refused', about: 'let grants go on although changes were refused' }],
      examples: ['platte restore show', 'platte restore apply --yes'],
      operations: ['applyRestore'],
      load: async () => (await load()).applyRestore,
    },
  ],
};

export const whoami: VerbSpec = {
  name: 'whoami',
  kind: 'read',
  summary: 'who am I there, and what may I do?',
  operations: ['getMe'],
  load: async () => (await load()).showMe,
};

export const status: VerbSpec = {
  name: 'status',
  kind: 'read',
  formats: ['table', 'json', 'yaml'],
  summary: 'which server this talks to, its version, and whether it and its stores are well',
  operations: ['getHealth', 'getVersion'],
  load: async () => (await load()).showStatus,
};

export const watch: VerbSpec = {
  name: 'watch',
  kind: 'read',
  formats: ['table', 'json'],
  summary: 'facts as they happen, until Ctrl-C; it comes back by itself and misses nothing',
  options: [
    ofApp,
    ofGroup,
    { flags: '--machine <id>', about: 'only of this machine' },
    { flags: '--kinds <kinds>', about: 'only these, apart by commas: MachineCheckedIn,RolloutHalted' },
    { flags: '--after <id>', about: 'go on behind this event' },
    { flags: '--count <n>', about: 'end after so many', parse: toWhole },
  ],
  examples: ['platte watch --group stable', 'platte watch --kinds MachineCheckedIn,EventReported -o json | jq .data'],
  operations: ['streamEvents'],
  load: async () => (await import('../run/watch.js')).watch,
};
