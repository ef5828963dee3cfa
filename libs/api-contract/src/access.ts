// Who somebody is, and the tokens that programs use.
import { z } from 'zod';
import { ActorKind } from '@platte/facts';
import { Uuid } from '@platte/rollout';
import { Role } from './operation.js';
import { Instant } from './page.js';

export const Principal = z
  .object({
    name: z.string().describe('As the audit log names you.'),
    kind: z.enum(['person', 'token']),
    role: Role,
    applications: z.array(z.string()).nullable().describe('Limited to these applications; null is all.'),
    expires: Instant.nullable(),
    csrfToken: z.string().nullable().describe('Of a person: sent as X-CSRF-Token with whatever is no GET.'),
  })
  .meta({ id: 'Principal' });
export type Principal = z.infer<typeof Principal>;

export const Token = z
  .object({
    id: z.string(),
    name: z.string(),
    role: Role,
    applications: z.array(z.string()).nullable(),
    createdBy: z.string(),
    createdByKind: ActorKind.describe('What `createdBy` is the name of.'),
    createdAt: Instant,
    expires: Instant.nullable(),
    lastUsed: Instant.nullable().describe('Exact to a minute.'),
    revoked: Instant.nullable(),
  })
  .meta({ id: 'Token' });
export type Token = z.infer<typeof Token>;

export const CreatedToken = Token.extend({
  token: z.string().describe('The secret: shown this once, stored nowhere. Empty when the request was repeated.'),
}).meta({ id: 'CreatedToken' });

export const CreateToken = z
  .strictObject({
    name: z.string().min(1).max(100),
    role: Role,
    applications: z.array(Uuid).min(1).max(100).nullable().default(null),
    expiresInDays: z
      .number()
      .int()
      .min(1)
      .max(3650)
      .nullable()
      .default(90)
      .describe('null never expires: only for what cannot be renewed.'),
  })
  .meta({ id: 'CreateToken' });
