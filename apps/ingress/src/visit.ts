// What one app of one request means: which application and group it belongs to, the facts it makes, and what can be said of its
// check at once. Pure: the catalog, the time and the positions of facts are arguments.
//
// A visit is `refused` (it names no application or no machine, or its address names too many: answered, counted, no fact), of a
// `machine`, or of a `syncer` (another update server: manifests only, no machine). Its answer is null until policy has been asked,
// and where no update was asked for.
import type {
  Answer,
  Arch,
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
  bootMarkOf,
  findGroup,
  type IndexedGroup,
  judgeInGroup,
  ruleFailed,
  judgeSyncer,
  type Package,
  type SnapshotIndex,
  type SyncerJudgement,
} from '@platte/rollout';
import type { NewMachines } from './new-machines.js';

export type RefusedReason = Extract<
  AnswerReason,
  'unknown-application' | 'invalid-application-id' | 'no-machine-id' | 'too-many-new-machines'
>;

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

export interface Assumed {
  arch: Arch;
  /** Of machines whose track is missing or empty; '' leads nowhere. */
  track: string;
}

export interface VisitContext {
  address: string;
  now: number;
  nextPosition: (now: number) => Position;
  /** By normalised id: the application's UUID or product id. */
  findApplication: (id: string) => SnapshotIndex | undefined;
  /** What is taken for true of an app that does not say it. */
  assumed: Assumed;
  /** Whether the machine may be taken in, of that address: see new-machines.ts. */
  admit: NewMachines['admit'];
  /** A rule threw: a mistake of ours, which costs this application its answer and nothing else of the request. */
  onRuleFailed: (error: unknown) => void;
}

export function toVisit(request: ParsedRequest, app: RequestApp, context: VisitContext): Visit {
  if (app.id === '') return refuse(app, 'invalid-application-id');
  const index = context.findApplication(app.id);
  if (index === undefined) return refuse(app, 'unknown-application');
  if (app.machineId === '') return refuse(app, 'no-machine-id');
  const place = locate(request, app, index, context.assumed);
  if (isSyncer(request)) return toSyncerVisit(request, app, place, context);
  const { id } = index.snapshot.application;
  if (!context.admit(id, app.machineId, context.address, context.now)) return refuse(app, 'too-many-new-machines');
  return toMachineVisit(request, app, place, context);
}

function refuse(app: RequestApp, reason: RefusedReason): RefusedVisit {
  return { kind: 'refused', app, reason, pollIntervalSeconds: null };
}

/** Where an app of a request belongs. */
interface Place {
  index: SnapshotIndex;
  arch: Arch;
  /** As the machine sent it. */
  said: string;
  /** The track's name: an old fixed group id of Flatcar stands for one. */
  track: string;
  group: IndexedGroup | undefined;
}

function locate(request: ParsedRequest, app: RequestApp, index: SnapshotIndex, assumed: Assumed): Place {
  const arch = resolveArch(app, request.os) ?? assumed.arch;
  if (app.track === '') return locateWithoutTrack(app, index, arch, assumed);
  const track = resolveTrack(app.track, arch);
  return { index, arch, said: app.track, track, group: findGroup(index, track, arch) };
}

/** What names a channel for Omaha 3 clients that know no track; a value that leads nowhere is for something else. [omaha-protocol.md 1.4] */
const trackHints: readonly string[] = ['ap', 'tag', 'release_channel'];

function locateWithoutTrack(app: RequestApp, index: SnapshotIndex, arch: Arch, assumed: Assumed): Place {
  for (const { name, value } of app.others) {
    const group = trackHints.includes(name) ? findGroup(index, value.trim(), arch) : undefined;
    if (group !== undefined) return { index, arch, said: value, track: group.group.track, group };
  }
  return { index, arch, said: '', track: assumed.track, group: findGroup(index, assumed.track, arch) };
}

/** What every fact of this app carries. */
function toCommon({ testSource }: ParsedRequest, app: RequestApp, { index, arch, group }: Place) {
  const { application } = index.snapshot;
  const common = {
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
  return testSource === '' ? common : { ...common, testSource };
}

function toMachineVisit(request: ParsedRequest, app: RequestApp, place: Place, context: VisitContext): MachineVisit {
  const common = toCommon(request, app, place);
  const events = toEvents(app, common, context);
  const visit: MachineVisit = {
    kind: 'machine',
    app,
    pollIntervalSeconds: place.group?.group.policy.pollIntervalSeconds ?? null,
    checkIn: {
      kind: 'MachineCheckedIn',
      ...common,
      ...context.nextPosition(context.now),
      track: place.said,
      ip: context.address,
      alias: app.alias,
      oemVersion: app.oemVersion,
      aleph: app.alephVersion,
      bootId: app.bootId,
      ping: app.ping !== null,
      heartbeat: app.events.some(isHeartbeat),
      source: request.installSource,
    },
    events,
    asked: null,
    target: '',
    offer: null,
  };
  if (app.updateCheck !== null) guardRules(visit.checkIn, context, () => judgeVisit(visit, place));
  return visit;
}

/** In the order sent, and before the check in the order of facts. */
function toEvents(app: RequestApp, common: ReturnType<typeof toCommon>, context: VisitContext): EventReported[] {
  const events: EventReported[] = [];
  for (const event of app.events) {
    if (isHeartbeat(event) || !event.isRecordable) continue;
    const { type, result, errorCode, previousVersion } = event;
    const position = context.nextPosition(context.now);
    const said = { type, result, errorCode, previousVersion, bootId: app.bootId };
    events.push({ kind: 'EventReported', ...common, ...position, ...said });
  }
  return events;
}

function guardRules(checkIn: { answer?: Answer | undefined }, context: VisitContext, judgeIt: () => void): void {
  try {
    judgeIt();
  } catch (error) {
    checkIn.answer = ruleFailed(error);
    context.onRuleFailed(error);
  }
}

function judgeVisit(visit: MachineVisit, { track, group }: Place): void {
  const { checkIn, events, app } = visit;
  const { machine, version, arch, at, n, oem, testSource } = checkIn;
  // Two attributes are read and not followed: `rollback_allowed`, because only the group's policy allows downgrades, and
  // `sameversionupdate`, because a machine that has the version is up to date.
  const versionPrefix = app.updateCheck?.targetVersionPrefix ?? '';
  const takesNone = app.updateCheck?.updateDisabled ?? false;
  const takesDelta = app.deltaOkay;
  const judgement = judgeInGroup({ machine, version, track, arch, versionPrefix, takesNone, takesDelta }, group, at);
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
    boot: bootMarkOf(checkIn.bootId),
    version,
    arch,
    oem,
    versionPrefix,
    onlyOpenLease: judgement.onlyOpenLease,
    forced: judgement.forced,
    ...(testSource !== undefined && { testSource }),
    events: events.map(({ n, type, result, errorCode, previousVersion }) => ({
      n,
      type,
      result,
      errorCode,
      previousVersion,
    })),
  };
}

function toSyncerVisit(request: ParsedRequest, app: RequestApp, place: Place, context: VisitContext): SyncerVisit {
  const { group, track, arch, index } = place;
  const visit: SyncerVisit = {
    kind: 'syncer',
    app,
    pollIntervalSeconds: group?.group.policy.pollIntervalSeconds ?? null,
    checkIn: {
      kind: 'SyncerCheckedIn',
      ...toCommon(request, app, place),
      ...context.nextPosition(context.now),
      track: place.said,
      ip: context.address,
      canReadSeveralManifests: app.multiManifestOk,
    },
    manifests: [],
  };
  if (app.updateCheck === null) return visit;
  const versionPrefix = app.updateCheck.targetVersionPrefix;
  const check = { machine: app.machineId, version: app.version, track, arch, versionPrefix };
  guardRules(visit.checkIn, context, () => {
    const judged = judgeSyncer(check, app.multiManifestOk, index);
    visit.checkIn.answer = judged.answer;
    visit.manifests = judged.manifests;
  });
  return visit;
}

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
