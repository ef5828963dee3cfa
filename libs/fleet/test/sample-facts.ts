// Facts for tests: whole and valid, of one machine, with what a test is about given by name.
import type { EventReported, LeaseEnded, MachineCheckedIn, UpdateGranted } from '@platte/facts';

const ofMachine = {
  v: 1,
  app: '00000000-0000-4000-8000-000000000001',
  machine: 'm1',
  at: 1_000,
  n: 0,
  version: '1.0.0',
  group: '00000000-0000-4000-8000-000000000002',
  channel: '00000000-0000-4000-8000-000000000003',
  arch: 'amd64',
  rollout: '00000000-0000-4000-8000-000000000004',
  reboots: true,
  oem: '',
} as const;

const offered = {
  attempt: { at: 1_000, n: 0 },
  package: '00000000-0000-4000-8000-000000000005',
  toVersion: '2.0.0',
} as const;

export function checkIn(fields: Partial<MachineCheckedIn>): MachineCheckedIn {
  return {
    kind: 'MachineCheckedIn',
    ...ofMachine,
    track: 'stable',
    ip: '10.0.0.1',
    alias: '',
    oemVersion: '',
    aleph: '',
    bootId: '',
    ping: true,
    heartbeat: false,
    source: '',
    ...fields,
  };
}

export function event(fields: Partial<EventReported>): EventReported {
  return {
    kind: 'EventReported',
    ...ofMachine,
    type: 13,
    result: 1,
    errorCode: '',
    previousVersion: '',
    bootId: '',
    ...fields,
  };
}

export function updateGranted(fields: Partial<UpdateGranted>): UpdateGranted {
  return {
    kind: 'UpdateGranted',
    ...ofMachine,
    ...offered,
    number: 1,
    grantedAt: 1_000,
    deadline: 3_601_000,
    forced: false,
    ...fields,
  };
}

export function leaseEnded(fields: Partial<LeaseEnded>): LeaseEnded {
  return { kind: 'LeaseEnded', ...ofMachine, ...offered, outcome: 'complete', cause: '', ...fields };
}
