// One simulated machine: update_engine's model, and the circumstances that the model leaves to its surroundings (how long a
// download takes, whether it fails, when somebody reboots). All times are on the machines' clock.
import { makeUpdateEngine, type UpdateEngine } from '@platte/omaha/client';
import { drawBetween, drawHex, drawUuid, makeDraw } from './chance.js';

/** Where a machine stands, in words for people. `failed`: its last attempt failed, and it will ask again. */
export type Phase =
  | 'starting'
  | 'on-hold'
  | 'granted'
  | 'downloading'
  | 'installing'
  | 'awaiting-reboot'
  | 'done'
  | 'failed';

export interface Machine {
  readonly engine: UpdateEngine;
  readonly draw: () => number;
  phase: Phase;
  /** Why it is on hold, as the server says in `info`; '' when it does not say. */
  reason: string;
  /** Raised with every new action, so that an entry of the agenda or a reply for an earlier one is known as stale. */
  generation: number;
  /** When somebody reboots it; null when nobody plans to. */
  rebootAt: number | null;
  /** What will become of the attempt under way; null: it succeeds. */
  fate: Failure | null;
  /** It has rebooted into an update at least once. */
  isUpdated: boolean;
}

export type Failure = 'download' | 'apply' | 'rollback';

export interface Fleet {
  appid: string;
  track: string;
  version: string;
  arch: 'amd64' | 'arm64';
  seed: number;
}

const boards = { amd64: 'amd64-usr', arm64: 'arm64-usr' };
const kernelArchs = { amd64: 'x86_64', arm64: 'aarch64' };
const oems = ['', 'azure', 'ec2', 'gce', 'openstack', 'vmware'];

export function makeMachine(fleet: Fleet, index: number, now: number): Machine {
  const draw = makeDraw(fleet.seed * 1_000_003 + index);
  // The first draws of neighbouring seeds are alike.
  for (let n = 0; n < 3; n++) draw();
  const engine = makeUpdateEngine({
    profile: {
      appid: fleet.appid,
      track: fleet.track,
      machineId: drawHex(draw, 32),
      alias: `sim-${String(index + 1).padStart(5, '0')}`,
      oem: oems[Math.floor(draw() * oems.length)] ?? '',
      oemVersion: '',
      alephVersion: fleet.version,
      board: boards[fleet.arch],
      kernelArch: kernelArchs[fleet.arch],
      ownServer: true,
    },
    version: fleet.version,
    bootId: `{${drawUuid(draw)}}`,
    now,
    draw,
  });
  return { engine, draw, phase: 'starting', reason: '', generation: 0, rebootAt: null, fate: null, isUpdated: false };
}

const secondMs = 1000;
const minuteMs = 60 * secondMs;

/** A payload of 400 MB at 1 to 10 MB/s; disks and reboots as one sees them in clouds. */
export const durations = {
  prepare: (draw: () => number) => drawBetween(draw, 20 * secondMs, 2 * minuteMs),
  download: (draw: () => number, size: number) => (size / drawBetween(draw, 1e6, 10e6)) * secondMs,
  apply: (draw: () => number) => drawBetween(draw, minuteMs, 4 * minuteMs),
  untilReboot: (draw: () => number) => drawBetween(draw, 5 * minuteMs, 60 * minuteMs),
};

/** What becomes of an attempt: most failures are at the download, a few machines come back with their old version. */
export function drawFailure(draw: () => number, failureRate: number): Failure | null {
  if (draw() >= failureRate) return null;
  const kind = draw();
  if (kind < 0.7) return 'download';
  return kind < 0.85 ? 'apply' : 'rollback';
}

export function newBootId(machine: Machine): string {
  return `{${drawUuid(machine.draw)}}`;
}
