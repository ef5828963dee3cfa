// How many machines were where: now, at a moment, between two, and over time; of one group or of a whole application.
import { z } from 'zod';
import { Arch } from '@platte/facts';
import { Uuid } from '@platte/rollout';
import { operation } from '../operation.js';
import { IdParams, Moment } from '../page.js';
import {
  Breakdown,
  Difference,
  presenceQuery,
  PresenceTimeline,
  Span,
  StatusTimeline,
  timelineQuery,
  VersionTimeline,
} from '../timelines.js';

/** People often want a part, of a group and of a whole application. */
const part = {
  channel: Uuid.optional().describe('Only machines of this channel.'),
  arch: Arch.optional().describe('Only machines of this architecture.'),
  oem: z
    .string()
    .max(64)
    .optional()
    .describe('Only machines of this OEM, such as ami; slower, as every change is read.'),
};
const counted = {
  ...part,
  window: Span.optional().describe(
    'A machine counts for so long after it was seen: 1d unless given, and not less. Other windows are slower.',
  ),
};
const at = { at: Moment.optional().describe('Default: now.'), ...counted };
const between = { from: Moment, to: Moment.optional().describe('Default: now.'), ...counted };
const overTime = { ...timelineQuery, ...counted };
const checkedIn = { ...presenceQuery, ...part };
const asked = {
  method: 'GET',
  tag: 'timelines',
  role: 'viewer',
  scope: 'application',
  params: IdParams,
  status: 200,
} as const;

export const timelineOperations = {
  getGroupBreakdown: operation({
    ...asked,
    path: '/groups/{id}/breakdown',
    summary: 'How many machines of a group have which version and status, now or at a moment',
    query: z.strictObject(at),
    response: Breakdown,
  }),
  getGroupDifference: operation({
    ...asked,
    path: '/groups/{id}/difference',
    summary: 'What changed in a group between two moments, by version and status',
    query: z.strictObject(between),
    response: Difference,
  }),
  getVersionTimeline: operation({
    ...asked,
    path: '/groups/{id}/version-timeline',
    summary: 'How many machines of a group had which version, over time',
    query: z.strictObject(overTime),
    response: VersionTimeline,
  }),
  getStatusTimeline: operation({
    ...asked,
    path: '/groups/{id}/status-timeline',
    summary: 'How many machines of a group had which status, over time',
    query: z.strictObject(overTime),
    response: StatusTimeline,
  }),
  getPresenceTimeline: operation({
    ...asked,
    path: '/groups/{id}/presence-timeline',
    summary: 'How many machines of a group checked in, per bucket of time',
    query: z.strictObject(checkedIn),
    response: PresenceTimeline,
  }),
  getApplicationBreakdown: operation({
    ...asked,
    path: '/applications/{id}/breakdown',
    summary: 'How many machines of an application have which version and status, now or at a moment',
    query: z.strictObject(at),
    response: Breakdown,
  }),
  getApplicationDifference: operation({
    ...asked,
    path: '/applications/{id}/difference',
    summary: 'What changed in an application between two moments, by version and status',
    query: z.strictObject(between),
    response: Difference,
  }),
  getApplicationVersionTimeline: operation({
    ...asked,
    path: '/applications/{id}/version-timeline',
    summary: 'How many machines of an application had which version, over time',
    query: z.strictObject(overTime),
    response: VersionTimeline,
  }),
  getApplicationStatusTimeline: operation({
    ...asked,
    path: '/applications/{id}/status-timeline',
    summary: 'How many machines of an application had which status, over time',
    query: z.strictObject(overTime),
    response: StatusTimeline,
  }),
  getApplicationPresenceTimeline: operation({
    ...asked,
    path: '/applications/{id}/presence-timeline',
    summary: 'How many machines of an application checked in, per bucket of time',
    query: z.strictObject(checkedIn),
    response: PresenceTimeline,
  }),
};
