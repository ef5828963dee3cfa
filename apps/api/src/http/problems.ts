// What the API throws when it says no. One filter turns it into a problem document.
import type { Problem, ProblemError, ProblemName } from '@platte/api-contract';

export interface ProblemDetails {
  /** What happened this time, for people. */
  detail: string;
  errors?: ProblemError[];
  reason?: string;
  current?: Problem['current'];
  uses?: NonNullable<Problem['uses']>;
  applications?: string[];
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
