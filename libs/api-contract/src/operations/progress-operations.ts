// How far a fleet has come and what went wrong on the way: of one group, or of a whole application.
import { z } from 'zod';
import { Arch } from '@platte/facts';
import { Uuid } from '@platte/rollout';
import { operation } from '../operation.js';
import { IdParams, paging } from '../page.js';
import { Failures, Funnel, InstancesSeen, SilentInstances, StatusCounts } from '../progress.js';
import { rangeQuery } from '../timelines.js';

const part = {
  channel: Uuid.optional().describe('Only machines of this channel.'),
  arch: Arch.optional().describe('Only machines of this architecture.'),
  oem: z.string().max(64).optional().describe('Only machines of this OEM, such as ami or qemu.'),
};
const { limit } = paging;

const asked = {
  method: 'GET',
  tag: 'progress',
  role: 'viewer',
  scope: 'application',
  params: IdParams,
  status: 200,
} as const;

const failures = {
  summary: 'What went wrong, by error, version and OEM, the most frequent first',
  response: Failures,
};
const funnel = {
  summary: 'How many updates came how far, and how long each step took',
  description:
    'Attempts that began within the range, with what became of them before its end. A step counts for an attempt that came to it or beyond, also where the machine did not report it.',
  response: Funnel,
};
const silent = {
  summary: 'Machines that took a grant and fell silent, the longest silence first',
  description:
    'Granted, downloading or downloaded, and not heard of for three times as long as they usually take from one check-in to the next.',
  response: SilentInstances,
};
const statusCounts = {
  summary: 'How many machines, of those last seen within a range, have which status now',
  response: StatusCounts,
};
const seen = { summary: 'How many different machines were seen within a range', response: InstancesSeen };

export const progressOperations = {
  getGroupFailures: operation({
    ...asked,
    ...failures,
    path: '/groups/{id}/failures',
    query: z.strictObject({ ...rangeQuery, ...part, limit }),
  }),
  getGroupFunnel: operation({
    ...asked,
    ...funnel,
    path: '/groups/{id}/funnel',
    query: z.strictObject({ ...rangeQuery, ...part }),
  }),
  getGroupSilentInstances: operation({
    ...asked,
    ...silent,
    path: '/groups/{id}/silent-instances',
    query: z.strictObject({ ...part, limit }),
  }),
  getGroupStatusCounts: operation({
    ...asked,
    ...statusCounts,
    path: '/groups/{id}/status-counts',
    query: z.strictObject({ ...rangeQuery, ...part }),
  }),
  getGroupInstancesSeen: operation({
    ...asked,
    ...seen,
    path: '/groups/{id}/instances-seen',
    query: z.strictObject({ ...rangeQuery, ...part }),
  }),
  getApplicationFailures: operation({
    ...asked,
    ...failures,
    path: '/applications/{id}/failures',
    query: z.strictObject({ ...rangeQuery, ...part, limit }),
  }),
  getApplicationFunnel: operation({
    ...asked,
    ...funnel,
    path: '/applications/{id}/funnel',
    query: z.strictObject({ ...rangeQuery, ...part }),
  }),
  getApplicationSilentInstances: operation({
    ...asked,
    ...silent,
    path: '/applications/{id}/silent-instances',
    query: z.strictObject({ ...part, limit }),
  }),
  getApplicationStatusCounts: operation({
    ...asked,
    ...statusCounts,
    path: '/applications/{id}/status-counts',
    query: z.strictObject({ ...rangeQuery, ...part }),
  }),
  getApplicationInstancesSeen: operation({
    ...asked,
    ...seen,
    path: '/applications/{id}/instances-seen',
    query: z.strictObject({ ...rangeQuery, ...part }),
  }),
};
