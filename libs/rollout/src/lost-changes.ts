// Changes of people that a restored database does not know, as the log's facts tell them: what came of each thing in the end, and
// the command that makes it so again. Order matters when they are applied: packages before the channels that lead to them, all
// that stops machines last, so that nothing a stop names is missing.
import { ActorKind, type CatalogFact, type RolloutFact } from '@platte/facts';
import { z } from 'zod';
import { GroupStop } from './catalog.js';
import { CatalogCommand } from './commands.js';

export const LostChange = z.object({
  kind: z.string(),
  at: z.number().int(),
  actor: z.string(),
  actorKind: ActorKind.optional(),
  application: z.string(),
  group: z.string().nullable(),
  /** The machine's id; '' where it is of none. */
  machine: z.string(),
  subject: z.string(),
  /** Makes it so again; null: a person has to, by hand or from a file. */
  command: z.json().nullable(),
  /** `applied`, or why the command was refused; null: it was not tried yet. */
  outcome: z.string().nullable(),
});
export type LostChange = z.infer<typeof LostChange>;
export const LostChanges = z.array(LostChange);

/** What a restored database learnt from the log. */
export const Learned = z.object({
  grants: z.number().int().default(0),
  ends: z.number().int().default(0),
  /** Check-ins that were answered `granted`, and whose grant the log does not have. */
  unlogged: z.number().int().default(0),
  facts: z.number().int().default(0),
  /** Since when facts were read (ms). */
  from: z.number().int().default(0),
});
export type Learned = z.infer<typeof Learned>;

type ChangeFact = CatalogFact | RolloutFact;

/** What it is about, so that only the newest of one thing counts; and its command. */
interface Deed {
  key: string;
  rank: number;
  command: Record<string, unknown> | null;
}

/** More than a person reads; what is beyond is in the log. */
const changesMax = 5_000;

/** @param facts of the time that the database forgot, in any order */
export function toLostChanges(facts: readonly ChangeFact[]): LostChange[] {
  const newest = new Map<string, { fact: ChangeFact; deed: Deed }>();
  for (const fact of facts.toSorted((a, b) => a.at - b.at || a.n - b.n)) {
    // A new rollout begins unstopped.
    if (fact.kind === 'RolloutStarted') newest.delete(`rollout ${fact.group}`);
    // Made again by its package's channel, or by nobody.
    const deed = toDeed(fact);
    if (deed === null) continue;
    newest.delete(deed.key);
    newest.set(deed.key, { fact, deed });
  }
  return [...newest.values()]
    .toSorted((a, b) => a.deed.rank - b.deed.rank)
    .slice(0, changesMax)
    .map(({ fact, deed }) => toLostChange(fact, deed));
}

function toLostChange(fact: ChangeFact, { command }: Deed): LostChange {
  const { kind, at, actor, actorKind, app: application, group, machine } = fact;
  const subject = 'subject' in fact ? fact.subject : fact.rollout;
  const checked = command === null ? undefined : CatalogCommand.safeParse(command);
  return {
    kind,
    at,
    actor,
    actorKind,
    application,
    group,
    machine,
    subject,
    command: checked?.success === true ? z.json().parse(command) : null,
    outcome: null,
  };
}

const rankOf = { package: 0, channel: 1, mark: 2, deadEnd: 2, updates: 3, pause: 4, rollout: 5, hold: 6, other: 9 };

function toDeed(fact: ChangeFact): Deed | null {
  if (!('subject' in fact)) return toRolloutDeed(fact);
  return toEntityDeed(fact) ?? toStopDeed(fact) ?? toOther(fact);
}

const stops = { RolloutPaused: 'PauseRollout', RolloutResumed: 'ResumeRollout', RolloutHalted: 'HaltRollout' } as const;

function toRolloutDeed({ kind, app: application, group, cause }: RolloutFact): Deed | null {
  if (kind !== 'RolloutPaused' && kind !== 'RolloutResumed' && kind !== 'RolloutHalted') return null;
  const command = { kind: stops[kind], application, group, cause };
  return { key: `rollout ${group}`, rank: rankOf.rollout, command };
}

/** Packages and where channels lead. */
function toEntityDeed({ kind, app: application, subject, before, after }: CatalogFact): Deed | null {
  if (kind === 'PackageCreated' && after !== null) {
    const { id, version, arch, type, url, filename, size, sha1, sha256, description, files, action, example } = after;
    const fields = { id, version, arch, type, url, filename, size, sha1, sha256, description, files, action, example };
    return {
      key: `package ${subject}`,
      rank: rankOf.package,
      command: { kind: 'CreatePackage', application, ...fields },
    };
  }
  const leads = kind === 'PackageAssigned' || (kind === 'ChannelEdited' && before?.['package'] !== after?.['package']);
  if (!leads || after === null) return null;
  const command = { kind: 'AssignPackage', application, channel: subject, package: after['package'] ?? null };
  return { key: `channel ${subject}`, rank: rankOf.channel, command };
}

/** Facts of versions before stops do not have the reason of a pause. */
function noteOfPause(after: CatalogFact['after']): string {
  return GroupStop.pick({ note: true }).safeParse(after?.['stop']).data?.note ?? '';
}

function toStopDeed(fact: CatalogFact): Deed | null {
  const { kind, app: application, subject, machine, before, after } = fact;
  switch (kind) {
    case 'PackageBlacklisted':
    case 'PackageUnblacklisted':
    case 'FloorSet':
    case 'FloorRemoved':
      return toMarkDeed(fact, kind);
    case 'DeadEndMarked':
    case 'DeadEndCleared': {
      const version = (after ?? before)?.['version'] ?? subject;
      const reason = after?.['reason'] ?? '';
      const command =
        kind === 'DeadEndMarked'
          ? { kind: 'MarkDeadEnd', application, version, reason }
          : { kind: 'ClearDeadEnd', application, version };
      return { key: JSON.stringify(['dead-end', application, version]), rank: rankOf.deadEnd, command };
    }
    case 'GroupPaused':
    case 'GroupResumed': {
      const command =
        kind === 'GroupPaused'
          ? { kind: 'PauseGroup', application, group: subject, cause: noteOfPause(after) }
          : { kind: 'ResumeGroup', application, group: subject };
      return { key: `pause ${subject}`, rank: rankOf.pause, command };
    }
    case 'GroupEdited':
    case 'GroupPolicySet':
      return toSwitchDeed(fact);
    case 'MachineHeld':
    case 'MachineReleased': {
      const held = { kind: 'HoldMachine', application, machine, note: after?.['note'] ?? '' };
      const command = kind === 'MachineHeld' ? held : { kind: 'ReleaseMachine', application, machine };
      return { key: `hold ${application} ${machine}`, rank: rankOf.hold, command };
    }
    default:
      return null;
  }
}

const marks = {
  PackageBlacklisted: 'BlacklistPackage',
  PackageUnblacklisted: 'UnblacklistPackage',
  FloorSet: 'SetFloor',
  FloorRemoved: 'RemoveFloor',
} as const;

function toMarkDeed({ app: application, before, after }: CatalogFact, kind: keyof typeof marks): Deed | null {
  const mark = after ?? before;
  if (mark === null) return null;
  const { channel, package: pack } = mark;
  const reason = kind === 'FloorSet' ? { reason: mark['reason'] ?? '' } : {};
  const about = kind.startsWith('Floor') ? 'floor' : 'blacklist';
  return {
    key: JSON.stringify([about, channel, pack]),
    rank: rankOf.mark,
    command: { kind: marks[kind], application, channel, package: pack, ...reason },
  };
}

/** Whether updates are on; the rest of a policy is a person's to set again. */
function toSwitchDeed({ app: application, subject, before, after }: CatalogFact): Deed | null {
  const isOn = readSwitch(after);
  if (isOn === undefined || isOn === readSwitch(before)) return null;
  const command = { kind: 'SetGroupPolicy', application, group: subject, policy: { updatesEnabled: isOn } };
  return { key: `updates ${subject}`, rank: rankOf.updates, command };
}

function readSwitch(group: CatalogFact['after']): boolean | undefined {
  const policy = group?.['policy'];
  const isSet = typeof policy === 'object' && policy !== null && !Array.isArray(policy);
  const value = isSet ? policy['updatesEnabled'] : undefined;
  return typeof value === 'boolean' ? value : undefined;
}

/** Listed, so that nobody takes it for still there. */
function toOther({ kind, app, subject, machine }: CatalogFact): Deed {
  return { key: `other ${kind} ${app} ${subject} ${machine}`, rank: rankOf.other, command: null };
}
