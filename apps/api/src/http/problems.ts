// What the API throws when it says no. One filter turns it into a problem document.
import type { Problem, ProblemError, ProblemName } from '@platte/api-contract';

export interface ProblemDetails {
  /** What happened this time, for people. */
  detail: string;
  /** Instead of what is told of the kind, where more is known. */
  remedy?: string;
  errors?: ProblemError[];
  reason?: string;
  current?: Problem['current'];
  uses?: NonNullable<Problem['uses']>;
  applications?: string[];
  blockedBy?: NonNullable<Problem['blockedBy']>;
  headers?: Record<string, string>;
}

export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  constructor(
    readonly kind: ProblemName,
    readonly details: ProblemDetails,
    options?: ErrorOptions,
  ) {
    super(details.detail, options);
  }
}

export function notFound(what: string, id: string): ApiProblem {
  return new ApiProblem('not-found', { detail: `There is no ${what} ${id}, or you may not see it.` });
}

/** A page of ours brings the token that it alone can have read; another site's form does not. */
export function withoutCsrfToken(): ApiProblem {
  return new ApiProblem('forbidden', {
    detail: 'What a person changes in their session needs its csrfToken, and the request has none or another.',
    remedy: 'Send the csrfToken of GET /api/v1/me as X-CSRF-Token.',
  });
}

export function lastAdminToken(): ApiProblem {
  return new ApiProblem('refused', {
    reason: 'last-admin-token',
    detail: 'This is your own token, and no other token signs in as an admin of everything.',
    remedy: 'Make another admin token first, or repeat the request with ?force=true: `platte tokens revoke --force`.',
  });
}
