// What is asked of one machine by its id: as statistics have it, and where these do not know it as tests had it.
import type { History } from '../connection.js';
import { countedHistory, type HistoryAsked, type HistoryPage } from './machine.js';
import { countedState, type MachineState } from './machine-state.js';
import { uncountedHistory, uncountedState } from './uncounted.js';

/** null: no such machine, or it was deleted and has not come back. */
export async function currentState(
  history: History,
  asked: { app: string; machine: string },
): Promise<MachineState | null> {
  return (await countedState(history, asked)) ?? (await uncountedState(history, asked));
}

/**
 * Check-ins, events, grants and ends of leases of one machine, newest first. Without `all`, check-ins that said and got
 * the same as the one before are left out; those of tests never are.
 */
export async function machineHistory(history: History, asked: HistoryAsked): Promise<HistoryPage> {
  return (await countedHistory(history, asked)) ?? (await uncountedHistory(history, asked));
}
