// Who I am, tokens, what happened, what could not be read, health and version, the live stream.
import { z } from 'zod';
import { Uuid } from '@platte/rollout';
import { CreatedToken, CreateToken, Principal, Token } from '../access.js';
import { operation } from '../operation.js';
import { Instant, pageOf, paging } from '../page.js';
import { Activity, Change, Health, RefusedRequest, Version } from '../system.js';

const when = { from: Instant.optional(), to: Instant.optional() };

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
    params: z.strictObject({ id: z.string().regex(/^[a-z0-9]{12}$/) }),
    status: 204,
  }),
  listActivity: operation({
    method: 'GET',
    path: '/activity',
    tag: 'system',
    summary: 'What happened: rollouts started and halted, machines failed, channels changed, and who did it',
    role: 'viewer',
    scope: 'filtered',
    query: z.strictObject({ application: Uuid.optional(), group: Uuid.optional(), ...when, ...paging }),
    status: 200,
    response: pageOf(Activity),
  }),
  listAudit: operation({
    method: 'GET',
    path: '/audit',
    tag: 'system',
    summary: 'Every change of the catalog: who, when, before and after',
    role: 'viewer',
    scope: 'filtered',
    query: z.strictObject({
      application: Uuid.optional(),
      subject: z.string().max(128).optional().describe('Id of the entity that changed.'),
      actor: z.string().max(200).optional(),
      ...paging,
    }),
    status: 200,
    response: pageOf(Change),
  }),
  listRefusedRequests: operation({
    method: 'GET',
    path: '/malformed-requests',
    tag: 'system',
    summary: 'Requests of machines that could not be read, counted and sampled',
    role: 'viewer',
    scope: 'platform',
    query: z.strictObject(paging),
    status: 200,
    response: pageOf(RefusedRequest),
  }),
};
