// From what the stores tell to what the API shows: times become RFC 3339, reasons get their words.
import {
  toInstant,
  type AnswerView,
  type Group,
  type HistoryItem,
  type InstanceSummary,
  type Rollout,
} from '@platte/api-contract';
import { AnswerReason, Arch, LeaseOutcome, type AnswerInputs } from '@platte/facts';
import { machineStatuses, type MachineStatus } from '@platte/fleet';
import type { HistoryItem as StoredItem, MachineState } from '@platte/history';
import { describeEvent } from '@platte/omaha';
import { describeErrorCode } from '@platte/omaha/words';
import { wordsFor } from '@platte/rollout';
import type { GroupView, RolloutView } from '@platte/state-store';
import { toActorView } from './actor-view.js';

export function toInstantOrNull(ms: number | null): string | null {
  return ms === null ? null : toInstant(ms);
}

export function toRollout(rollout: RolloutView): Rollout {
  const { id, application, group, package: pack, toVersion, state, cause, salt, waves, openWave, startedAt } = rollout;
  return {
    id,
    application,
    group,
    package: pack,
    toVersion,
    state,
    cause,
    salt,
    waves,
    openWave,
    startedAt: toInstant(startedAt),
  };
}

export function toGroup({ rollout, stop, ...group }: GroupView): Group {
  return {
    ...group,
    stop: toStop(stop),
    rollout: rollout && toRollout({ ...rollout, application: group.application }),
  };
}

function toStop(stop: GroupView['stop']): Group['stop'] {
  return stop && { ...toActorView(stop.actor), at: toInstant(stop.at), note: stop.note };
}

export function toSummary(state: MachineState): InstanceSummary {
  return {
    id: state.machine,
    application: state.app,
    group: state.group,
    channel: state.channel,
    version: state.version,
    status: toStatus(state.status),
    arch: Arch.catch('all').parse(state.arch),
    alias: state.alias,
    ip: state.ip,
    oem: state.oem,
    firstSeen: toInstant(state.firstSeen),
    lastSeen: toInstant(state.lastSeen),
    reason: state.answer && AnswerReason.parse(state.answer.reason),
  };
}

export function toAnswerView({
  reason,
  inputs,
  until,
}: {
  reason: string;
  inputs: AnswerInputs;
  until: number | null;
}): AnswerView {
  const known = AnswerReason.parse(reason);
  return {
    reason: known,
    words: wordsFor({ reason: known, inputs, ...(until !== null && { until }) }),
    inputs: toInputs(inputs),
    until: toInstantOrNull(until),
  };
}

function toInputs({ deadline, ...inputs }: AnswerInputs): AnswerView['inputs'] {
  return { ...inputs, ...(deadline !== undefined && { deadline: toInstant(deadline) }) };
}

/** What history stores is the closed union of `fleet`: anything else would be a mistake of ours. */
function toStatus(status: string): MachineStatus {
  const known = machineStatuses.find((one) => one === status);
  if (known === undefined) throw new Error(`history holds the status ${status}, which is none`);
  return known;
}

export function toHistoryItem(item: StoredItem): HistoryItem {
  const { at, kind, version, group, channel, event, toVersion, repeats } = item;
  return {
    at: toInstant(at),
    kind,
    version,
    group,
    channel,
    status: item.status === null ? null : toStatus(item.status),
    words: toHistoryWords(item),
    reason: item.reason === null ? null : AnswerReason.parse(item.reason),
    inputs: item.inputs && toInputs(item.inputs),
    event,
    toVersion,
    outcome: item.outcome === null ? null : LeaseOutcome.parse(item.outcome),
    repeats,
  };
}

function toHistoryWords({ kind, reason, inputs, event, toVersion, outcome, cause, version }: StoredItem): string {
  switch (kind) {
    case 'check-in':
      return reason === null
        ? `Reported version ${version}.`
        : wordsFor({ reason: AnswerReason.parse(reason), inputs: inputs ?? {} });
    case 'event':
      return event ? toEventWords(event) : 'Reported an event.';
    case 'grant':
      return `Was granted ${toVersion ?? 'an update'}.`;
    case 'lease-end':
      return `The grant of ${toVersion ?? 'an update'} ended: ${outcome ?? 'unknown'}${cause === null ? '' : ` (${cause})`}.`;
    case 'deletion':
      return 'Was deleted by a person.';
  }
}

function toEventWords({ type, result, errorCode }: NonNullable<StoredItem['event']>): string {
  const words = describeEvent(type, result);
  const sentence = errorCode === '' || errorCode === '0' ? words : `${words} (${describeErrorCode(errorCode)})`;
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}
