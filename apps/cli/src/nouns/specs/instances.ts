import type { NounSpec, VerbSpec } from '../command-spec.js';
import type { OptionSpec } from '../option-spec.js';
import { archs, machineArguments, note, ofApp, ofGroup, rows } from './options.js';

const instanceFilters: readonly OptionSpec[] = [
  { flags: '--search <text>', about: 'a part of id, alias, given name or address' },
  { flags: '--version <versions>', about: 'one of these, apart by commas' },
  { flags: '--status <statuses>', about: 'one of these, apart by commas: failed,timed-out' },
  { flags: '--reason <reasons>', about: 'got one of these as its last answer: rate-limited,held' },
  { flags: '--channel <channel>', about: 'offered this channel: its id, name, or name/arch' },
  { flags: '--arch <arch>', about: 'for this one', choices: archs },
  { flags: '--oem <oem>', about: 'of this platform: azure, qemu' },
  { flags: '--ip <address>', about: 'exactly this address' },
  { flags: '--error-code <code>', about: 'the raw code of its last failure' },
  { flags: '--seen-within <span>', about: 'seen not longer ago: 24h' },
  { flags: '--seen-since <time>', about: 'last seen then or later; RFC 3339: 2026-11-23T09:00:00Z' },
  { flags: '--silent-for <span>', about: 'not seen for at least: 7d' },
  { flags: '--not-seen-since <time>', about: 'last seen before then' },
  { flags: '--label <label>', about: 'has this label: role=db, or role with any value' },
];

const sorting: readonly OptionSpec[] = [
  {
    flags: '--sort <field>',
    about: 'id, lastSeen, firstSeen, version, status, ip or alias; -lastSeen is the newest first',
  },
  { ...rows, default: '50' },
];

export const instanceList: readonly OptionSpec[] = [...instanceFilters, ...sorting];

const machine = ['<machine>', 'its id as it reports it'] as const;
const load = () => import('../run/instances.js');
const loadChanges = () => import('../run/machine-changes.js');

const commands: readonly VerbSpec[] = [
  {
    name: 'label',
    kind: 'change',
    summary: 'set labels of a machine, or take them away',
    args: [machine, ['<labels...>', 'key=value, or key- to take it away']],
    options: [ofApp],
    examples: ['platte instances label 3d1219c7 rack=a12 owner-'],
    operations: ['editInstance'],
    load: async () => (await loadChanges()).labelMachine,
  },
  {
    name: 'rename',
    kind: 'change',
    summary: 'give a machine a name that overrules the one it reports',
    args: [machine, ['<alias>', "its name; '' gives back the reported one"]],
    options: [ofApp],
    operations: ['editInstance'],
    load: async () => (await loadChanges()).renameMachine,
  },
  {
    name: 'hold',
    kind: 'change',
    summary: 'offer nothing to machines until they are released',
    args: [machineArguments],
    options: [ofApp, note],
    operations: ['holdInstance'],
    load: async () => (await loadChanges()).holdMachines,
  },
  {
    name: 'release',
    kind: 'change',
    summary: 'end the hold of machines',
    args: [machineArguments],
    options: [ofApp, note],
    operations: ['releaseInstance'],
    load: async () => (await loadChanges()).releaseMachines,
  },
  {
    name: 'force',
    kind: 'change',
    summary: 'skip waves, windows and back-off for the next grant; never a limit, a pause or a halt',
    args: [machineArguments],
    options: [ofApp, note],
    operations: ['forceInstance'],
    load: async () => (await loadChanges()).forceMachines,
  },
  {
    name: 'cancel',
    kind: 'change',
    summary: 'end the open attempt of machines',
    args: [machineArguments],
    options: [ofApp, note],
    operations: ['cancelInstance'],
    load: async () => (await loadChanges()).cancelMachines,
  },
  {
    name: 'retry',
    kind: 'change',
    summary: 'forget the failures of machines, so that they are offered the update again',
    args: [machineArguments],
    options: [ofApp, note],
    operations: ['retryInstance'],
    load: async () => (await loadChanges()).retryMachines,
  },
  {
    name: 'delete',
    kind: 'change',
    destructive: true,
    summary: 'forget machines: their open leases end; they come back with their next request',
    args: [machineArguments],
    options: [ofApp],
    operations: ['deleteInstance'],
    load: async () => (await loadChanges()).deleteMachines,
  },
];

export const instances: NounSpec = {
  name: 'instances',
  aliases: ['instance', 'machines'],
  summary: 'the machines of the fleet',
  verbs: [
    {
      name: 'list',
      aliases: ['ls', 'search'],
      kind: 'list',
      summary: 'search machines across the whole fleet',
      options: [ofApp, ofGroup, ...instanceList],
      examples: [
        'platte instances list --status failed,timed-out --seen-within 24h',
        'platte instances list --search 10.0.4. -o name',
      ],
      operations: ['listInstances'],
      load: async () => (await load()).listInstances,
    },
    {
      name: 'count',
      kind: 'read',
      formats: ['name', 'json', 'yaml'],
      summary: 'how many machines a search finds',
      options: [ofApp, ofGroup, ...instanceFilters],
      examples: ['platte instances count --version 4459.2.1 --silent-for 7d'],
      operations: ['countInstances'],
      load: async () => (await load()).countInstances,
    },
    {
      name: 'get',
      kind: 'read',
      summary: 'show one machine',
      args: [machine],
      options: [ofApp],
      operations: ['getInstance'],
      load: async () => (await load()).getInstance,
    },
    {
      name: 'history',
      kind: 'list',
      summary: 'all that a machine reported and was answered, newest first',
      args: [machine],
      options: [
        ofApp,
        { flags: '--all', about: 'also check-ins that said and got the same as the one before' },
        { ...rows, default: '50' },
      ],
      operations: ['getInstanceHistory'],
      load: async () => (await load()).listHistory,
    },
    ...commands,
  ],
};

export const why: VerbSpec = {
  name: 'why',
  kind: 'read',
  summary: 'why was this machine not updated? Its last answer, what the rule saw, and when it would change',
  args: [machine],
  options: [ofApp],
  examples: ['platte why 3d1219c7c4c5404aaa1f6d2a48adfda4'],
  operations: ['getInstanceAnswer'],
  load: async () => (await load()).explainMachine,
};
