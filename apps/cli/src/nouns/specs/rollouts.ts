import type { NounSpec } from '../command-spec.js';
import { groupArgument, note, ofApp, ofGroup, rows } from './options.js';

const which = ['<rollout>', 'its id; or a group, for the rollout that it has now'] as const;
const load = () => import('../run/rollouts.js');

export const rollouts: NounSpec = {
  name: 'rollouts',
  aliases: ['rollout'],
  summary: 'how a package reaches the machines of a group',
  verbs: [
    {
      name: 'list',
      aliases: ['ls'],
      kind: 'list',
      summary: 'list rollouts, the newest first',
      options: [
        ofApp,
        ofGroup,
        {
          flags: '--state <state>',
          about: 'only in this state',
          choices: ['running', 'paused', 'halted', 'finished', 'superseded'],
        },
        { ...rows, default: '50' },
      ],
      operations: ['listRollouts'],
      load: async () => (await load()).listRollouts,
    },
    {
      name: 'get',
      kind: 'read',
      summary: 'show one rollout with its waves',
      args: [which],
      options: [ofApp],
      operations: ['getRollout'],
      load: async () => (await load()).getRollout,
    },
    {
      name: 'start',
      kind: 'change',
      summary: 'start the rollout of the package that the channel of the group has, anew',
      args: [groupArgument],
      options: [ofApp, note],
      operations: ['startRollout'],
      load: async () => (await load()).startRollout,
    },
    {
      name: 'pause',
      kind: 'change',
      summary: 'grant nothing in this rollout until a person resumes it',
      args: [which],
      options: [ofApp, note],
      operations: ['pauseRollout'],
      load: async () => (await load()).pauseRollout,
    },
    {
      name: 'resume',
      kind: 'change',
      summary: 'a paused or halted rollout goes on',
      args: [which],
      options: [ofApp, note],
      operations: ['resumeRollout'],
      load: async () => (await load()).resumeRollout,
    },
    {
      name: 'halt',
      kind: 'change',
      summary: 'stop a rollout for a reason',
      args: [which],
      options: [ofApp, note],
      examples: ['platte rollouts halt stable -m "4593.2.1 loses its network"'],
      operations: ['haltRollout'],
      load: async () => (await load()).haltRollout,
    },
  ],
};
