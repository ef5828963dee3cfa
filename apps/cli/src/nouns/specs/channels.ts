import type { NounSpec, VerbSpec } from '../command-spec.js';
import type { FieldSpec } from '../option-spec.js';
import { archs, channelArgument, fromFile, inApp, ofApp, packageArgument } from './options.js';

const fields: readonly FieldSpec[] = [
  { flags: '--package <package>', about: 'what it offers: id or version; none to offer nothing', path: 'package' },
  { flags: '--color <#rrggbb>', about: 'its colour in plots', path: 'color' },
];

const loadMarks = () => import('../run/channel-marks.js');

const marks: readonly VerbSpec[] = [
  {
    name: 'set-floor',
    kind: 'change',
    summary: 'every machine below this version must pass through it',
    args: [channelArgument, packageArgument],
    options: [ofApp, { flags: '--reason <text>', about: 'why' }],
    operations: ['setFloor'],
    load: async () => (await loadMarks()).setFloor,
  },
  {
    name: 'remove-floor',
    kind: 'change',
    formats: [],
    summary: 'remove a floor',
    args: [channelArgument, packageArgument],
    options: [ofApp],
    operations: ['removeFloor'],
    load: async () => (await loadMarks()).removeFloor,
  },
  {
    name: 'blacklist',
    kind: 'change',
    summary: 'never offer this package in this channel',
    args: [channelArgument, packageArgument],
    options: [ofApp],
    operations: ['blacklistPackage'],
    load: async () => (await loadMarks()).blacklistPackage,
  },
  {
    name: 'unblacklist',
    kind: 'change',
    formats: [],
    summary: 'take a package off the blacklist',
    args: [channelArgument, packageArgument],
    options: [ofApp],
    operations: ['unblacklistPackage'],
    load: async () => (await loadMarks()).unblacklistPackage,
  },
];

export const channels: NounSpec = {
  name: 'channels',
  aliases: ['channel'],
  summary: 'which package is offered, with floors and a blacklist',
  verbs: [
    {
      name: 'list',
      aliases: ['ls'],
      kind: 'list',
      summary: 'list channels',
      options: [ofApp],
      operations: ['listChannels'],
      load: async () => (await import('../run/channels.js')).listChannels,
    },
    {
      name: 'get',
      kind: 'read',
      summary: 'show one channel with its floors and blacklist',
      args: [channelArgument],
      options: [ofApp],
      operations: ['getChannel'],
      load: async () => (await import('../run/channels.js')).getChannel,
    },
    {
      name: 'create',
      kind: 'change',
      summary: 'create a channel',
      args: [['<name>', 'unique in its application for its arch']],
      options: [inApp, fromFile],
      fields: [{ flags: '--arch <arch>', about: 'never changes afterwards', choices: archs, path: 'arch' }, ...fields],
      operations: ['createChannel'],
      load: async () => (await import('../run/channels.js')).createChannel,
    },
    {
      name: 'update',
      kind: 'change',
      summary: 'edit a channel: setting its package starts the rollouts of its groups',
      args: [channelArgument],
      options: [ofApp, fromFile],
      fields: [{ flags: '--name <name>', about: 'another name', path: 'name' }, ...fields],
      examples: ['platte channels update stable/amd64 --package 4593.2.1'],
      operations: ['editChannel'],
      load: async () => (await import('../run/channels.js')).updateChannel,
    },
    {
      name: 'delete',
      kind: 'change',
      destructive: true,
      summary: 'delete a channel that no group follows',
      args: [channelArgument],
      options: [ofApp],
      operations: ['deleteChannel'],
      load: async () => (await import('../run/channels.js')).deleteChannel,
    },
    ...marks,
  ],
};
