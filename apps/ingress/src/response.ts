// From visits to what the wire says of them. A "no" is `noupdate` with app status `ok`, never an error: a real client would
// count a failure and post a second request. An unknown application gets its status and `noupdate`, never an offer.
import type { AnswerReason } from '@platte/facts';
import type { Manifest, NoUpdate, OmahaResponse, ResponseApp, UpdateOffer } from '@platte/omaha';
import type { Package } from '@platte/rollout';
import type { MachineVisit, RefusedReason, SyncerVisit, Visit } from './visit.js';

const refusedStatus = {
  'unknown-application': 'error-unknownApplication',
  'invalid-application-id': 'error-invalidAppId',
  'no-machine-id': 'ok',
  'too-many-new-machines': 'ok',
} as const satisfies Record<RefusedReason, ResponseApp['status']>;

export function toResponse(visits: readonly Visit[], now: number, automaticPollSeconds: number): OmahaResponse {
  return { now, apps: visits.map((visit) => toResponseApp(visit, automaticPollSeconds)) };
}

function toResponseApp(visit: Visit, automaticPollSeconds: number): ResponseApp {
  const { app } = visit;
  const pollIntervalSeconds = visit.pollIntervalSeconds ?? automaticPollSeconds;
  const acknowledged = { appid: app.appid, ping: app.ping !== null, events: app.events.length };
  if (visit.kind === 'refused') {
    const updateCheck = app.updateCheck === null ? null : noUpdate(visit.reason, pollIntervalSeconds);
    return { ...acknowledged, status: refusedStatus[visit.reason], updateCheck };
  }
  return {
    ...acknowledged,
    status: 'ok',
    updateCheck: app.updateCheck === null ? null : toUpdateCheck(visit, pollIntervalSeconds),
  };
}

function toUpdateCheck(visit: MachineVisit | SyncerVisit, pollIntervalSeconds: number): NoUpdate | UpdateOffer {
  const manifests =
    visit.kind === 'syncer' ? toSyncerManifests(visit) : visit.offer === null ? [] : [toManifest(visit.offer)];
  const base = visit.kind === 'syncer' ? visit.manifests.at(-1)?.package : visit.offer;
  if (base === null || base === undefined)
    return noUpdate(visit.checkIn.answer?.reason ?? 'policy-unavailable', pollIntervalSeconds);
  return { status: 'ok', pollIntervalSeconds, codebases: [base.url], manifests };
}

function noUpdate(reason: AnswerReason, pollIntervalSeconds: number): NoUpdate {
  return { status: 'noupdate', pollIntervalSeconds, info: reason };
}

function toSyncerManifests(visit: SyncerVisit): Manifest[] {
  const several = visit.checkIn.canReadSeveralManifests;
  return visit.manifests.map(({ package: offered, floorReason, isTarget }) => ({
    ...toManifest(offered),
    floorReason: several ? floorReason : null,
    isTarget: several && isTarget,
  }));
}

function toManifest(offered: Package): Manifest {
  return {
    version: offered.version,
    packages: [
      { name: offered.filename, size: offered.size, required: true, sha1: offered.sha1, sha256: offered.sha256 },
      ...offered.files.map(({ name, size, sha1, sha256 }) => ({ name, size, required: false, sha1, sha256 })),
    ],
    action: offered.action,
    floorReason: null,
    isTarget: false,
  };
}
