// Who asks. The access guard puts it on the request; what somebody may not see does not exist for them.
import type { Role } from '@platte/api-contract';
import type { Actor } from '@platte/facts';
import type { FastifyRequest } from 'fastify';
import { ApiProblem, notFound } from './problems.js';

export interface Caller {
  /** Of the token or person: for what is kept per caller. */
  id: string;
  /** As the audit log names them. */
  name: string;
  kind: 'person' | 'token' | 'nobody';
  role: Role;
  /** Limited to these applications; null is all. */
  applications: string[] | null;
  expiresAt: number | null;
  /** Who asks now, by the same request: a token may have been revoked since. @throws as signing in does */
  again?: () => Promise<Caller | undefined>;
  /** They only want to know what would change. */
  dryRun?: boolean;
  /** Of a person's session: their page sends it with what changes something. */
  csrfToken?: string;
}

/** A caller's id where a token signs in. */
export const tokenCallerId = (token: string): string => `token:${token}`;

/** Who asks for what is public. */
export const nobody: Caller = { id: '', name: '', kind: 'nobody', role: 'viewer', applications: [], expiresAt: null };

const callers = new WeakMap<object, Caller>();

export function setCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request.raw, caller);
}

export function callerOf(request: FastifyRequest): Caller {
  return callers.get(request.raw) ?? nobody;
}

/** As the audit log names them. Nobody does anything: what is public only reads. */
export function actorOf({ kind, name }: Caller): Actor {
  if (kind === 'nobody') throw new Error('what is public changes nothing');
  return { kind, name };
}

export function sees(caller: Caller, application: string): boolean {
  return caller.applications === null || caller.applications.includes(application);
}

/** The thing, if there is one and the caller may see it. */
export function seen<T extends { application: string }>(
  caller: Caller,
  what: string,
  id: string,
  thing: T | undefined,
): T {
  if (!thing || !sees(caller, thing.application)) throw notFound(what, id);
  return thing;
}

/**
 * The applications that a list may show: what the caller asks for, within what they may see; null is all.
 * An application that they may not see is an empty list, as one that does not exist is.
 */
export function visibleApplications(caller: Caller, asked: string | undefined): string[] | null {
  if (asked === undefined) return caller.applications;
  return sees(caller, asked) ? [asked] : [];
}

export function assertSeesAll(caller: Caller): void {
  if (caller.applications !== null)
    throw new ApiProblem('forbidden', {
      detail: 'Your role is limited to some applications, and this spans all of them.',
    });
}
