// What people do to one machine. Holds and forces may be of machines that were never seen: so is a machine held from
// its first check-in on.
import type { CatalogChange } from './catalog-change.js';
import type { ApplicationState } from './catalog-state.js';
import type { Card } from './catalog-marks.js';
import type { MachineCommand } from './commands.js';
import { type DecideContext, type Decided, forcedMax, heldMax, labelsMax } from './decide-context.js';
import { refuse, type Rejection } from './rejection.js';
import { isSame } from './edit.js';

type CommandOf<Kind extends MachineCommand['kind']> = Extract<MachineCommand, { kind: Kind }>;

export function decideMachine(command: MachineCommand, state: ApplicationState, context: DecideContext): Decided {
  switch (command.kind) {
    case 'HoldMachine':
      return hold(command, state);
    case 'ReleaseMachine':
      return release(command.machine, state);
    case 'ForceMachine':
      return force(command.machine, state, context);
    case 'EditMachine':
      return edit(command, state);
    case 'DeleteMachine':
      return deleteMachine(command.machine, state);
    case 'CancelAttempt':
      return cancelAttempt(command, state);
    case 'ForgiveFailures':
      if (!state.machines.has(command.machine)) return refuseUnknownMachine();
      return [
        ofMachine(
          state,
          command.machine,
          { of: 'machine', kind: 'FailuresForgiven', before: null, after: null },
          command.cause,
        ),
      ];
    default:
      return command satisfies never;
  }
}

function hold({ machine, note }: CommandOf<'HoldMachine'>, state: ApplicationState): Decided {
  const before = state.holds.get(machine) ?? null;
  if (before?.note === note) return [];
  if (before === null && state.holds.size >= heldMax) {
    return refuse(
      'too-many',
      `An application holds at most ${heldMax} machines one by one: pause their group instead.`,
    );
  }
  return [ofMachine(state, machine, { of: 'hold', kind: 'MachineHeld', before, after: { machine, note } }, note)];
}

function release(machine: string, state: ApplicationState): CatalogChange[] {
  const before = state.holds.get(machine);
  return before === undefined
    ? []
    : [ofMachine(state, machine, { of: 'hold', kind: 'MachineReleased', before, after: null })];
}

function force(machine: string, state: ApplicationState, { now, forceMs }: DecideContext): Decided {
  const before = state.forces.get(machine) ?? null;
  const standing = [...state.forces.values()].filter(({ until }) => until > now);
  if (before === null && standing.length >= forcedMax) {
    return refuse(
      'too-many',
      `An application forces at most ${forcedMax} machines at a time: open the group's hours instead.`,
    );
  }
  return [
    ofMachine(state, machine, { of: 'force', kind: 'MachineForced', before, after: { machine, until: now + forceMs } }),
  ];
}

/** Both or neither: a name that was set beside labels that are refused would be half an edit. */
function edit({ machine, name, labels = {} }: CommandOf<'EditMachine'>, state: ApplicationState): Decided {
  const before = cardOf(state, machine);
  const renamed: Card = { ...before, name: name ?? before.name };
  const merged = Object.entries({ ...before.labels, ...labels }).flatMap(([key, value]) =>
    value === null ? [] : [[key, value] as const],
  );
  if (merged.length > labelsMax) return refuse('too-many', `A machine has at most ${labelsMax} labels.`, '/labels');
  const sorted = merged.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const labelled: Card = { ...renamed, labels: Object.fromEntries(sorted) };
  return [
    ...changeCard('MachineRenamed', state, before, renamed),
    ...changeCard('MachineLabelled', state, renamed, labelled),
  ];
}

function changeCard(
  kind: 'MachineLabelled' | 'MachineRenamed',
  state: ApplicationState,
  from: Card,
  after: Card,
): CatalogChange[] {
  if (isSame(from, after)) return [];
  const before = isBlank(from) && !state.cards.has(from.machine) ? null : from;
  return [ofMachine(state, after.machine, { of: 'card', kind, before, after })];
}

function isBlank({ name, labels }: Card): boolean {
  return name === '' && Object.keys(labels).length === 0;
}

function cardOf(state: ApplicationState, machine: string): Card {
  return state.cards.get(machine) ?? { machine, name: '', labels: {} };
}

/** All that people wrote on it goes with it. */
function deleteMachine(machine: string, state: ApplicationState): Decided {
  const force = state.forces.get(machine);
  const card = state.cards.get(machine);
  const written: CatalogChange[] = release(machine, state);
  if (force) written.push(ofMachine(state, machine, { of: 'force', kind: 'ForceLapsed', before: force, after: null }));
  if (card) written.push(ofMachine(state, machine, { of: 'card', kind: 'MachineLabelled', before: card, after: null }));
  if (!state.machines.has(machine) && written.length === 0) return refuseUnknownMachine();
  return [...written, ofMachine(state, machine, { of: 'machine', kind: 'MachineDeleted', before: null, after: null })];
}

function cancelAttempt({ machine, cause }: CommandOf<'CancelAttempt'>, state: ApplicationState): Decided {
  const known = state.machines.get(machine);
  if (known === undefined) return refuseUnknownMachine();
  if (!known.hasOpenAttempt) return refuse('no-open-attempt', 'The machine has no update in progress.', '/machine');
  return [ofMachine(state, machine, { of: 'machine', kind: 'AttemptCancelled', before: null, after: null }, cause)];
}

function refuseUnknownMachine(): Rejection {
  return refuse('unknown-machine', 'No machine with this id has checked in to the application.', '/machine');
}

type MachineChange = Extract<CatalogChange, { of: 'hold' | 'force' | 'card' | 'machine' }>;
type Body<T> = T extends MachineChange ? Pick<T, 'of' | 'kind' | 'before' | 'after'> : never;

function ofMachine(state: ApplicationState, machine: string, body: Body<CatalogChange>, cause = ''): CatalogChange {
  return { ...body, application: state.application.id, group: null, machine, subject: machine, cause };
}
