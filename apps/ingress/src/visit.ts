// What one app of one request means: which application and group it belongs to, the facts it makes, and what can be said of its
// check at once. Pure: the catalog, the time and the positions of facts are arguments.
//
// A visit is `refused` (it names no application or no machine: answered, counted, no fact), of a `machine`, or of a `syncer`
// (another update server: manifests only, no machine). Its answer is null until policy has been asked, and where no update was
// asked for.
import type {
  Answer,
  AnswerReason,
  EventReported,
  Fact,
  MachineCheckedIn,
  Position,
  SyncerCheckedIn,
} from '@platte/facts';
import { isHeartbeat, isSyncer, type ParsedRequest, type RequestApp, resolveArch, resolveTrack } from '@platte/omaha';
import {
  type AskedMachine,
  findGroup,
  type IndexedGroup,
  judgeInGroup,
  judgeSyncer,
  type Package,
  type SnapshotIndex,
  type SyncerJudgement,
} from '@platte/rollout';

export type RefusedReason = Extract<AnswerReason, 'unknown-application' | 'invalid-application-id' | 'no-machine-id'>;

interface Visited {
  app: RequestApp;
  /** The group's own interval; null: the automatic one. */
  pollIntervalSeconds: number | null;
}

export interface RefusedVisit extends Visited {
  kind: 'refused';
  reason: RefusedReason;
}

export interface MachineVisit extends Visited {
  kind: 'machine';
  /** Its `answer` is set when it is known. */
  checkIn: MachineCheckedIn;
  events: EventReported[];
  /** What policy is asked; null when the answer is known or none is wanted. */
  asked: AskedMachine | null;
  /** The version that it could get. */
  target: string;
  offer: Package | null;
}

export interface SyncerVisit extends Visited {
  kind: 'syncer';
  checkIn: SyncerCheckedIn;
  manifests: SyncerJudgement['manifests'];
}

export type Visit = RefusedVisit | MachineVisit | SyncerVisit;

export interface VisitContext {
  address: string;
  now: number;
  nextPosition: (now: number) => Position;
  /** By normalised id: the application's UUID or product id. */
  findApplication: (id: string) => SnapshotIndex | undefined;
}

export function toVisit(request: ParsedRequest, app: RequestApp, context: VisitContext): Visit {
  if (app.id === '') return refuse(app, 'invalid-application-id');
  const index = context.findApplication(app.id);
  if (index === undefined) return refuse(app, 'unknown-application');
  if (app.machineId === '') return refuse(app, 'no-machine-id');
  return isSyncer(request) ? toSyncerVisit(request, app, index, context) : toMachineVisit(request, app, index, context);
}

function refuse(app: RequestApp, reason: RefusedReason): RefusedVisit {
  return { kind: 'refused', app, reason, pollIntervalSeconds: null };
}

function toMachineVisit(
  request: ParsedRequest,
  app: RequestApp,
  index: SnapshotIndex,
  context: VisitContext,
): MachineVisit {
  const arch = resolveArch(app, request.os) ?? 'amd64';
  const track = resolveTrack(app.track, arch);
  const group = findGroup(index, track, arch);
  const { application } = index.snapshot;
  const shared = {
    v: 1,
    app: application.id,
    machine: app.machineId,
    version: app.version,
    group: group?.group.id ?? null,
    channel: group?.channel?.id ?? null,
    arch,
    rollout: group?.rollout?.id ?? null,
    reboots: application.reboots,
    oem: app.oem,
  } as const;
  const events: EventReported[] = [];
  let heartbeat = false;
  for (const event of app.events) {
    if (isHeartbeat(event)) heartbeat = true;
    else if (event.isRecordable) {
      const { type, result, errorCode, previousVersion } = event;
      events.push({
        kind: 'EventReported',
        ...shared,
        ...context.nextPosition(context.now),
        type,
        result,
        errorCode,
        previousVersion,
        bootId: app.bootId,
      });
    }
  }
  const { at, n } = context.nextPosition(context.now);
  const checkIn: MachineCheckedIn = {
    kind: 'MachineCheckedIn',
    ...shared,
    at,
    n,
    track: app.track,
    ip: context.address,
    alias: app.alias,
    oemVersion: app.oemVersion,
    aleph: app.alephVersion,
    bootId: app.bootId,
    ping: app.ping !== null,
    heartbeat,
    source: request.installSource,
  };
  const visit: MachineVisit = {
    kind: 'machine',
    app,
    pollIntervalSeconds: group?.group.policy.pollIntervalSeconds ?? null,
    checkIn,
    events,
    asked: null,
    target: '',
    offer: null,
  };
  if (app.updateCheck !== null) judgeVisit(visit, track, group);
  return visit;
}

function judgeVisit(visit: MachineVisit, track: string, group: IndexedGroup | undefined): void {
  const { checkIn, events, app } = visit;
  const { machine, version, arch, at, n, oem, bootId } = checkIn;
  const versionPrefix = app.updateCheck?.targetVersionPrefix ?? '';
  const judgement = judgeInGroup({ machine, version, track, arch, versionPrefix }, group, at);
  if (judgement.kind === 'answer') {
    checkIn.answer = judgement.answer;
    return;
  }
  visit.target = judgement.target;
  visit.asked = {
    app: checkIn.app,
    group: judgement.group,
    revision: judgement.revision,
    machine,
    at,
    n,
    version,
    arch,
    oem,
    bootId,
    versionPrefix,
    onlyOpenLease: judgement.onlyOpenLease,
    forced: judgement.forced,
    events: events.map(({ n, type, result, errorCode, previousVersion }) => ({
      n,
      type,
      result,
      errorCode,
      previousVersion,
    })),
  };
}

function toSyncerVisit(
  request: ParsedRequest,
  app: RequestApp,
  index: SnapshotIndex,
  context: VisitContext,
): SyncerVisit {
  const arch = resolveArch(app, request.os) ?? 'amd64';
  const track = resolveTrack(app.track, arch);
  const group = findGroup(index, track, arch);
  const { application } = index.snapshot;
  const { at, n } = context.nextPosition(context.now);
  const checkIn: SyncerCheckedIn = {
    kind: 'SyncerCheckedIn',
    v: 1,
    app: application.id,
    machine: app.machineId,
    at,
    n,
    version: app.version,
    group: group?.group.id ?? null,
    channel: group?.channel?.id ?? null,
    arch,
    rollout: group?.rollout?.id ?? null,
    reboots: application.reboots,
    oem: app.oem,
    track: app.track,
    ip: context.address,
    canReadSeveralManifests: app.multiManifestOk,
  };
  const visit: SyncerVisit = {
    kind: 'syncer',
    app,
    pollIntervalSeconds: group?.group.policy.pollIntervalSeconds ?? null,
    checkIn,
    manifests: [],
  };
  if (app.updateCheck === null) return visit;
  const check = {
    machine: app.machineId,
    version: app.version,
    track,
    arch,
    versionPrefix: app.updateCheck.targetVersionPrefix,
  };
  const judged = judgeSyncer(check, app.multiManifestOk, index);
  checkIn.answer = judged.answer;
  visit.manifests = judged.manifests;
  return visit;
}

/** What is asked of policy for these visits: once per machine and application, however often a request names them. */
export function toAsked(visits: readonly Visit[]): MachineVisit[] {
  const asking = visits.filter((visit): visit is MachineVisit => visit.kind === 'machine' && visit.asked !== null);
  if (asking.length < 2) return asking;
  return asking.filter((visit, index) => asking.findIndex((other) => isSameMachine(visit, other)) === index);
}

/** Gives the answers of those that were asked to those that repeat them in the same request: at most one is a grant. */
export function repeatAnswers(visits: readonly Visit[], asked: readonly MachineVisit[]): void {
  for (const visit of visits) {
    if (visit.kind !== 'machine' || visit.asked === null || asked.includes(visit)) continue;
    const first = asked.find((other) => isSameMachine(visit, other));
    if (first?.checkIn.answer === undefined) continue;
    const { answer } = first.checkIn;
    visit.checkIn.answer = answer.reason === 'granted' ? { ...answer, reason: 're-offered' } : answer;
    visit.offer = first.offer;
  }
}

const isSameMachine = (a: MachineVisit, b: MachineVisit): boolean =>
  a.checkIn.app === b.checkIn.app && a.checkIn.machine === b.checkIn.machine;

/** In their order: the events of an app, then its check. */
export function toFacts(visits: readonly Visit[]): Fact[] {
  const facts: Fact[] = [];
  for (const visit of visits) {
    switch (visit.kind) {
      case 'refused':
        break;
      case 'syncer':
        facts.push(visit.checkIn);
        break;
      case 'machine':
        for (const event of visit.events) facts.push(event);
        facts.push(visit.checkIn);
    }
  }
  return facts;
}

export function answerOf(visit: Visit): Answer | undefined {
  return visit.kind === 'refused' ? undefined : visit.checkIn.answer;
}
