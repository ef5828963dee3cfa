// The query of a URL: every parameter once, in UTF-8. What the platform's own parser would mend silently is an error here;
// the router asks for the query before there is a request to refuse, so that what is wrong is kept until it is parsed.
import type { ProblemError } from '@platte/api-contract';
import { ApiProblem } from './problems.js';

const unreadable = Symbol('unreadable');

export interface Query {
  [name: string]: string | string[];
  [unreadable]?: true;
}

/** Without a prototype: what it holds is what was sent. Never throws. */
export function parseQuery(text: string): Query {
  const query = Object.create(null) as Query;
  if (!isEncoded(text)) query[unreadable] = true;
  const params = new URLSearchParams(text);
  for (const name of new Set(params.keys())) {
    const [first = '', ...more] = params.getAll(name);
    query[name] = more.length === 0 ? first : [first, ...more];
  }
  return query;
}

/** @throws ApiProblem when it cannot be read at all */
export function findRepeated(query: Query): ProblemError[] {
  if (query[unreadable])
    throw new ApiProblem('malformed-request', { detail: 'The query of the URL is not percent-encoded UTF-8.' });
  return Object.entries(query)
    .filter(([, value]) => Array.isArray(value))
    .map(([name]) => ({ pointer: `?${name}`, detail: 'is given more than once' }));
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
