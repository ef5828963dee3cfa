// Commands go to policy, which decides; api only translates: what a person sent becomes a command, a rejection becomes a
// problem. An answer that does not come leaves open whether the command was carried out, and the problem says so.
import type { ProblemName } from '@platte/api-contract';
import {
  CatalogCommand,
  type CommandPlan,
  CommandReply,
  commandSubject,
  type CommandRequest,
  type LockHolder,
  type PlannedChange,
  type RejectionReason,
} from '@platte/rollout';
import type { z } from 'zod';
import { actorOf, type Caller } from './http/caller.js';
import { errorsMax, toJsonPointer } from './http/operation-route.js';
import { ApiProblem, type ProblemDetails } from './http/problems.js';
import type { NatsLink } from './nats-link.js';

export type Done = Extract<CommandReply, { status: 'done' }>;
type Rejection = Extract<CommandReply, { status: 'rejected' }>['rejection'];

/** Not checked by its type: what people send is checked as a whole, before it leaves. */
export type Command = { kind: CatalogCommand['kind'] } & Record<string, unknown>;

/** Ends a request that only asked what would change: nothing after the command may run, as nothing was changed. */
export class DryRunDone extends Error {
  constructor(readonly plan: DryRunPlan) {
    super('a dry run was decided');
  }
}

/** Of a command, or of what api changes itself: that is of no application, and concerns no machine. */
export type DryRunPlan = Omit<CommandPlan, 'changes'> & {
  changes: (Omit<PlannedChange, 'application'> & { application: string | null })[];
};

type OwnChange = Pick<PlannedChange, 'kind' | 'subject' | 'before' | 'after'>;

/** For what api changes itself. @throws DryRunDone for a caller who asks what would change */
export function stopDryRun({ dryRun }: Caller, changes: readonly OwnChange[]): void {
  if (dryRun !== true) return;
  const ofNothing = { application: null, group: null, machine: '', cause: '' };
  throw new DryRunDone({ ...nothing, changes: changes.map((change) => ({ ...ofNothing, ...change })) });
}

const nothing: CommandPlan = { changes: [], omitted: 0, groups: [], machines: [] };

/** @throws ApiProblem when the command is refused, or when policy does not answer; DryRunDone for a caller who asks so */
export type RunCommand = (command: Command, caller: Caller) => Promise<Done>;

export interface CommandRoute {
  nats: NatsLink;
  timeoutMs: number;
  /** Another one only in tests, which share a server. */
  subject?: string;
}

export function makeRunCommand({ nats, timeoutMs, subject = commandSubject }: CommandRoute): RunCommand {
  const ask = makeAsk(nats, subject, timeoutMs);
  return async (command, caller) => {
    const { dryRun = false } = caller;
    const checked = CatalogCommand.safeParse(command);
    if (!checked.success) throw toInvalid(command, checked.error);
    const reply = await ask({ ...toSender(caller), command: checked.data, dryRun });
    switch (reply.status) {
      case 'done':
        if (dryRun) throw new DryRunDone(reply.plan ?? nothing);
        return reply;
      case 'rejected':
        throw toRefused(command, reply.rejection);
      case 'failed':
        if (reply.blockedBy) throw toLocked(reply.words, reply.blockedBy);
        throw new ApiProblem('policy-unavailable', { detail: reply.words });
    }
  };
}

/** The kind is how they were authenticated: no name can be another's. */
function toSender(caller: Caller): Pick<CommandRequest, 'actor' | 'actorKind'> {
  const { name: actor, kind: actorKind } = actorOf(caller);
  return { actor, actorKind };
}

function toLocked(detail: string, blockedBy: LockHolder[]): ApiProblem {
  return new ApiProblem('locked', { detail, blockedBy, headers: { 'retry-after': '5' } });
}

function makeAsk(
  nats: NatsLink,
  subject: string,
  timeoutMs: number,
): (request: CommandRequest) => Promise<CommandReply> {
  return async (request) => {
    const nc = nats.live();
    if (!nc) throw unavailable('NATS, over which commands go, is away.');
    let reply: unknown;
    try {
      reply = (await nc.request(subject, JSON.stringify(request), { timeout: timeoutMs })).json();
    } catch (cause) {
      throw unavailable(`Policy did not answer within ${timeoutMs} ms.`, cause);
    }
    return CommandReply.parse(reply);
  };
}

function unavailable(detail: string, cause?: unknown): ApiProblem {
  return new ApiProblem('policy-unavailable', { detail }, { cause });
}

/** A request that is wrong in itself; what it names that is not there; or a state that must change first. */
const invalid: ReadonlySet<RejectionReason> = new Set<RejectionReason>([
  'invalid-command',
  'invalid-version',
  'invalid-time-zone',
  'invalid-window',
  'invalid-freeze',
  'invalid-backoff',
  'action-missing',
  'action-not-allowed',
  'hashes-disagree',
  'file-name-taken',
  'arch-mismatch',
]);

function toRefused(command: Command, { rejected, words, pointer, uses }: Rejection): ApiProblem {
  const details: ProblemDetails = { detail: words, reason: rejected };
  if (uses.length > 0) details.uses = uses;
  const inBody = toBodyPointer(command, pointer);
  if (inBody !== undefined) details.errors = [{ pointer: inBody, detail: words }];
  return new ApiProblem(toKind(rejected, details), details);
}

function toInvalid(command: Command, error: z.ZodError): ApiProblem {
  const errors = error.issues.slice(0, errorsMax).map(({ path, message }) => {
    const pointer = toJsonPointer(path);
    return { pointer: toBodyPointer(command, pointer) ?? pointer, detail: message };
  });
  return new ApiProblem('invalid-request', {
    detail: `${errors[0]?.pointer ?? ''}: ${errors[0]?.detail ?? ''}`,
    errors,
  });
}

/** An edit's changes are the body; what creates has its fields in it; everything else is named by the path. */
function toBodyPointer({ kind }: Command, pointer: string): string | undefined {
  if (pointer.startsWith('/changes/')) return pointer.slice('/changes'.length);
  return pointer !== '' && (kind.startsWith('Create') || kind === 'EditMachine') ? pointer : undefined;
}

function toKind(rejected: RejectionReason, details: ProblemDetails): ProblemName {
  if (rejected === 'stale-revision') return 'revision-mismatch';
  if (invalid.has(rejected)) return 'invalid-request';
  if (rejected.startsWith('unknown-')) return details.errors ? 'invalid-request' : 'not-found';
  return 'refused';
}
