// What `./platte bench ingress` measures under load, section by section: how the load comes, who is beside, and what is compared.
//
// `ingress` is the real program, each answer held until NATS has its facts. Against it, in turns with it:
//   raw         node:http that reads the body and sends a constant answer
//   parsing     the same that also reads the request, with our scanner
//   naive       Nest and Fastify, fast-xml-parser with validator, js.publish for each fact: what one would write first
//   unrecorded  ingress that publishes nothing
import type { Section } from './bench.js';
import type { ServerName } from './ingress-servers.js';

export interface LoadShape {
  connections: number;
  /** False: each request opens a connection of its own, as update_engine does. */
  keepAlive: boolean;
  /** Machines that have nothing to do, or that report the events of an update. */
  fleet: 'idle' | 'updating';
}

export type FigureName = 'perSecond' | 'cpuUsPerRequest' | 'p50Ms' | 'p99Ms';

/** Of the median of the turns' own ratios. */
export interface Goal {
  of?: ServerName;
  to: ServerName;
  figure: FigureName;
  atLeast?: number;
  atMost?: number;
}

export interface LoadSection extends Section {
  shape: LoadShape;
  /** Policy and analytics follow the log on the same machine. */
  consumersBeside: boolean;
  /** What is compared with what. */
  pairs: readonly (readonly [of: ServerName, to: ServerName])[];
  goals: readonly Goal[];
  /** So much longer than without publishing half of the answers may take. */
  addedMsMax?: number;
}

const usualPairs = [
  ['ingress', 'raw'],
  ['ingress', 'unrecorded'],
] as const;

const kept64: LoadShape = { connections: 64, keepAlive: true, fleet: 'idle' };
const kept1: LoadShape = { ...kept64, connections: 1 };
const new64: LoadShape = { ...kept64, keepAlive: false };

/** The whole path, consumers and all: `kept-64`, `new-512-events`… */
const matrix: LoadSection[] = (['idle', 'updating'] as const).flatMap((fleet) =>
  [true, false].flatMap((keepAlive) =>
    [1, 64, 512].map((connections) => {
      const shape = { connections, keepAlive, fleet };
      return {
        name: `${keepAlive ? 'kept' : 'new'}-${connections}${fleet === 'idle' ? '' : '-events'}`,
        about: `${describeShape(shape)}, consumers beside`,
        shape,
        consumersBeside: true,
        pairs: usualPairs,
        goals: goalsOf(shape),
      };
    }),
  ),
);

/** What publishing and listening cost is asked without consumers: theirs is what consuming costs. */
const alone: LoadSection[] = [
  {
    ...aloneWith('alone-64', kept64),
    goals: [
      { to: 'unrecorded', figure: 'perSecond', atLeast: 0.93 },
      { to: 'unrecorded', figure: 'p99Ms', atMost: 1.3 },
    ],
  },
  { ...aloneWith('alone-1', kept1), addedMsMax: 0.2 },
  {
    ...aloneWith('alone-new-64', new64),
    pairs: [...usualPairs, ['ingress', 'parsing'], ['unrecorded', 'parsing']],
    // Both: the goal was set by a prototype that published nothing, and the promise is the whole path's.
    goals: [
      { to: 'parsing', figure: 'perSecond', atLeast: 0.9 },
      { of: 'unrecorded', to: 'parsing', figure: 'perSecond', atLeast: 0.9 },
    ],
  },
];

/** The naive server's facts have no consumers. */
const naive: LoadSection = {
  ...aloneWith('naive-64', kept64),
  about: `${describeShape(kept64)}, no consumers, against the naive server`,
  pairs: [['ingress', 'naive']],
  goals: [{ to: 'naive', figure: 'perSecond', atLeast: 6 }],
};

export const loadSections: readonly LoadSection[] = [...matrix, ...alone, naive];

function aloneWith(name: string, shape: LoadShape): LoadSection {
  return {
    name,
    about: `${describeShape(shape)}, no consumers`,
    shape,
    consumersBeside: false,
    pairs: usualPairs,
    goals: [],
  };
}

function goalsOf({ connections, keepAlive, fleet }: LoadShape): Goal[] {
  if (connections !== 64 || !keepAlive || fleet !== 'idle') return [];
  return [
    { to: 'raw', figure: 'perSecond', atLeast: 0.55 },
    { to: 'raw', figure: 'cpuUsPerRequest', atMost: 1.8 },
  ];
}

function describeShape({ connections, keepAlive, fleet }: LoadShape): string {
  const how = keepAlive ? 'kept' : 'new for each request';
  return `${connections} connection${connections === 1 ? '' : 's'}, ${how}, ${fleet === 'idle' ? 'idle fleet' : 'fleet under update'}`;
}
