// Who I am, tokens, what happened, what could not be read, health and version, the live stream.
import { z } from 'zod';
import { ActorKind } from '@platte/facts';
import { Uuid } from '@platte/rollout';
import { CreatedToken, CreateToken, Principal, Token } from '../access.js';
import { operation } from '../operation.js';
import { Moment, pageOf, paging, toDecimal } from '../page.js';
import { Entity } from '../problem.js';
import { anyOf } from './instance-filters.js';
import { Activity, activityKinds, Change, Health, ParkedMessage, RefusedReport, Restore, Version } from '../system.js';

const ParkedParams = z.strictObject({
  id: toDecimal(
    z
      .number()
      .int()
      .min(1)
      .max(2 ** 52),
  ).describe('Its number, as its list shows it.'),
});

/** Of lists whose order is time, the newest first. */
const between = {
  since: Moment.optional().describe('Only what happened then or later.'),
  until: Moment.optional().describe('Only what happened before then.'),
};

export const systemOperations = {
  getHealth: operation({
    method: 'GET',
    path: '/health',
    tag: 'system',
    summary: 'Whether the API and what it needs is well',
    role: 'public',
    scope: 'self',
    status: 200,
    response: Health,
  }),
  getVersion: operation({
    method: 'GET',
    path: '/version',
    tag: 'system',
    summary: 'Which version of Platte this is',
    role: 'viewer',
    scope: 'self',
    status: 200,
    response: Version,
  }),
  getMe: operation({
    method: 'GET',
    path: '/me',
    tag: 'access',
    summary: 'Who am I, and what may I do?',
    role: 'viewer',
    scope: 'self',
    status: 200,
    response: Principal,
  }),
  listTokens: operation({
    method: 'GET',
    path: '/tokens',
    tag: 'access',
    summary: 'List API tokens, without their secrets',
    role: 'admin',
    scope: 'platform',
    query: z.strictObject(paging),
    status: 200,
    response: pageOf(Token),
  }),
  createToken: operation({
    method: 'POST',
    path: '/tokens',
    tag: 'access',
    summary: 'Create an API token; its secret is shown this once',
    role: 'admin',
    scope: 'platform',
    body: CreateToken,
    status: 201,
    response: CreatedToken,
  }),
  revokeToken: operation({
    method: 'DELETE',
    path: '/tokens/{id}',
    tag: 'access',
    summary: 'Revoke an API token: the next request with it is refused',
    role: 'admin',
    scope: 'platform',
    params: z.strictObject({
      id: z
        .string()
        .regex(/^[a-z0-9]{12}$/)
        .describe('The token’s id: the part of it between the underscores.'),
    }),
    query: z.strictObject({
      force: z
        .enum(['true', 'false'])
        .default('false')
        .describe('Also the last token of an admin of everything, with itself: 409 without it.'),
    }),
    problems: ['refused'],
    status: 204,
  }),
  listActivity: operation({
    method: 'GET',
    path: '/activity',
    tag: 'system',
    summary: 'What happened: rollouts started and halted, channels changed, machines failed, and who did it',
    role: 'viewer',
    scope: 'filtered',
    query: z.strictObject({
      application: Uuid.optional().describe('Only of this application.'),
      group: Uuid.optional().describe('Only of this group.'),
      kinds: anyOf(z.enum(activityKinds)).optional().describe('Only these kinds, apart by commas.'),
      ...between,
      ...paging,
    }),
    status: 200,
    response: pageOf(Activity),
  }),
  listAudit: operation({
    method: 'GET',
    path: '/audit',
    tag: 'system',
    summary: 'Every change of the catalog, of tokens and of parked messages: who, when, why, before and after',
    role: 'viewer',
    scope: 'filtered',
    query: z.strictObject({
      application: Uuid.optional().describe('Only of this application.'),
      group: Uuid.optional().describe('Only of this group.'),
      subject: z.string().max(128).optional().describe('Id of what changed.'),
      actor: z.string().max(200).optional().describe('Only by actors of this name.'),
      actorKind: ActorKind.optional().describe('Only by actors of this kind.'),
      ...between,
      ...paging,
    }),
    status: 200,
    response: pageOf(Change),
  }),
  listRefusedRequests: operation({
    method: 'GET',
    path: '/malformed-requests',
    tag: 'system',
    summary: 'Requests of machines that could not be read, counted and sampled, newest first',
    role: 'viewer',
    scope: 'platform',
    query: z.strictObject({ limit: paging.limit }),
    status: 200,
    response: pageOf(RefusedReport),
  }),
  listParkedMessages: operation({
    method: 'GET',
    path: '/parked-messages',
    tag: 'system',
    summary: 'Messages of the log that a consumer could not apply, oldest first',
    role: 'viewer',
    scope: 'platform',
    query: z.strictObject(paging),
    status: 200,
    response: pageOf(ParkedMessage),
  }),
  retryParkedMessage: operation({
    method: 'POST',
    path: '/parked-messages/{id}/retry',
    tag: 'system',
    summary: 'Put a parked message into the log again: every consumer sees it, and knows what it had',
    role: 'operator',
    scope: 'platform',
    params: ParkedParams,
    status: 204,
  }),
  dropParkedMessage: operation({
    method: 'DELETE',
    path: '/parked-messages/{id}',
    tag: 'system',
    summary: 'Drop a parked message for good',
    role: 'admin',
    scope: 'platform',
    params: ParkedParams,
    status: 204,
  }),
  getRestore: operation({
    method: 'GET',
    path: '/restore',
    tag: 'system',
    summary:
      'Whether PostgreSQL is older than the log, as after the restore of a backup, and what people changed since',
    role: 'viewer',
    scope: 'platform',
    status: 200,
    response: Restore,
  }),
  applyRestore: operation({
    method: 'POST',
    path: '/restore/apply',
    tag: 'system',
    summary: 'Make the changes again that a restored PostgreSQL forgot: then grants go on',
    description: [
      'Each is an ordinary command of the caller. One that is refused keeps grants waiting, unless `acceptRefused` lets them go',
      'on: mend what it names and apply again, which tries only what is left.',
    ].join(' '),
    role: 'admin',
    scope: 'platform',
    isCommand: true,
    body: z.strictObject({
      acceptRefused: z.boolean().default(false).describe('Grants go on although changes were refused.'),
    }),
    status: 200,
    response: Restore,
  }),
  streamEvents: operation({
    method: 'GET',
    path: '/events',
    tag: 'system',
    summary: 'Facts as they happen, as server-sent events',
    description: [
      'Each event is one fact: `event` is its kind, `data` the fact as JSON, `id` its place in the log. Send the last id as',
      '`Last-Event-ID` (browsers do by themselves) and nothing is missed as long as the log keeps it. Check-ins come only where',
      '`kinds` names them. The last event is `end`, without an id, with the `reason` and it in `words`: `over` after 15 minutes;',
      '`signed-out` within 45 seconds after a token was revoked, a session ended or a role changed; `too-slow` when more waits',
      'for you than may; `log-lost`; `gone` when what you missed was purged meanwhile. Connect again with your last id.',
    ].join(' '),
    role: 'viewer',
    scope: 'filtered',
    query: z.strictObject({
      application: Uuid.optional().describe('Only of this application.'),
      group: Uuid.optional().describe('Only of this group.'),
      instance: z.string().max(128).optional().describe('Only of this machine.'),
      kinds: z
        .string()
        .max(2000)
        .regex(/^[A-Za-z]+(,[A-Za-z]+)*$/, 'is a list of kinds apart by commas')
        .optional()
        .describe('Only these kinds, apart by commas: RolloutHalted,GroupPaused.'),
    }),
    status: 200,
    produces: 'text/event-stream',
    resumable: true,
    response: z.string(),
    problems: ['stream-unavailable'],
  }),
  getDocs: operation({
    method: 'GET',
    path: '/docs',
    tag: 'system',
    summary: 'This API as a page to read',
    role: 'public',
    scope: 'self',
    status: 200,
    produces: 'text/html',
    response: z.string(),
  }),
  getOpenApi: operation({
    method: 'GET',
    path: '/openapi.json',
    tag: 'system',
    summary: 'This API as an OpenAPI 3.1 document',
    role: 'public',
    scope: 'self',
    status: 200,
    response: Entity,
  }),
};
