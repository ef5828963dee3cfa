// Which role a person has: by the values of one claim, such as the groups they are in. Nobody has a role by default.
import { roles, type Role } from '@platte/api-contract';
import { withoutHidden } from '@platte/rollout';
import { z } from 'zod';

export interface RoleRules {
  /** Name of the claim, or the way to it: see `findClaim`. */
  claim: string;
  /** Values that give each role; the highest one counts. */
  values: Record<Role, readonly string[]>;
  /** A claim that lists the applications that a person is limited to; undefined limits nobody. */
  applicationsClaim: string | undefined;
}

export interface Person {
  subject: string;
  name: string;
  role: Role;
  applications: string[] | null;
}

/** `no-role`: the provider knows the person, and nothing gives them a role here. */
export type Known = { status: 'known'; person: Person } | { status: 'no-role'; name: string; values: string[] };

const nameCharsMax = 200;
const Claims = z.looseObject({
  sub: z.string().min(1),
  preferred_username: z.string().optional(),
  email: z.string().optional(),
  name: z.string().optional(),
});

/**
 * @param claims who it is, by the id token
 * @param source where the roles are; the answer of userinfo, whose words count before the id token's for the name too. A role
 *   that only the id token names is none then: it may be one that was taken away.
 */
export function toPerson(claims: object, rules: RoleRules, source: object = claims): Known {
  const known = Claims.parse({ ...claims, ...source });
  const name = toName(known.preferred_username || known.email || known.name || known.sub);
  const values = readValues(source, rules.claim);
  const role = roles.findLast((one) => rules.values[one].some((value) => values.includes(value)));
  if (role === undefined) return { status: 'no-role', name, values };
  const applications =
    rules.applicationsClaim === undefined ? null : readValues(source, rules.applicationsClaim).filter(isUuid);
  // Limited to nothing is no role: the store takes no such person, and a page without anything in it explains nothing.
  if (applications?.length === 0) return { status: 'no-role', name, values };
  return { status: 'known', person: { subject: known.sub, name, role, applications } };
}

/** Removes hidden characters from the provider's name, instead of refusing the person who has it. */
function toName(text: string): string {
  return withoutHidden(text).slice(0, nameCharsMax).toWellFormed();
}

/**
 * The values of a claim: those of a list, or the one that a text is. A text is never split: names of groups hold blanks, and
 * distinguished names hold commas.
 */
function readValues(source: unknown, name: string): string[] {
  const found = findClaim(source, name);
  const values: unknown[] = Array.isArray(found) ? found : [found];
  return values.filter((value) => typeof value === 'string').filter((value) => value !== '');
}

/**
 * The claim of exactly this name comes first, as names are URLs or hold dots with many providers. Else a name that begins
 * with `/` is a JSON pointer (RFC 6901), and in any other dots lead into claims.
 */
function findClaim(source: unknown, name: string): unknown {
  const exact = ownValue(source, name);
  if (exact !== undefined) return exact;
  const keys = name.startsWith('/')
    ? name
        .slice(1)
        .split('/')
        .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    : name.split('.');
  return keys.reduce(ownValue, source);
}

/** Nothing that every object inherits is a claim. */
function ownValue(inner: unknown, key: string): unknown {
  return typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key) ? Reflect.get(inner, key) : undefined;
}

function isUuid(text: string): boolean {
  return z.guid().safeParse(text).success;
}
