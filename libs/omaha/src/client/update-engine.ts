// A model of Flatcar's update_engine: what it accepts, what it posts next and when. A pure state machine: time and chance are
// arguments, whoever runs it does the posting, downloading and rebooting, and says how that went.
//
//   idle ──check──> checking ──no──> idle                            (one POST, nothing else)
//                      │ └──bad answer──> reporting 3/0 ──> idle
//                      └──offer──> preparing ──> reporting 13/1 ──> downloading ──> reporting 14/1 ──> applying
//                                                     │ failure: reporting 3/0 ──> idle      └──> reporting 3/1
//   awaiting-reboot (pings only) <── ────────────────────────────────────────────────────────────────┘
//   awaiting-reboot ──rebooted──> idle, and the next check says 3/2 with the old version, once
//                   ──rolled back──> idle, and the next check says 3/0 44, once
//   anything ──restarted (the daemon was killed, the power failed)──> idle, or awaiting-reboot if it was there
import { composeRequest, type MachineProfile, type RequestContent, type WireEvent } from './compose.js';
import { afterAttempt, afterFailure, noPayload, type PayloadState, toPayloadState } from './payload-state.js';
import { type Offer, readCheckAnswer } from './read-answer.js';
import { firstPause, type Pause, pauseAfterAnswer, pauseAfterFailure } from './schedule.js';

/** What the machine does next. Times are on the machine's clock, in ms. */
export type Action =
  /** `compose` gives the body. Then say `reply`. */
  | { do: 'post'; at: number; carries: 'check' | 'ping' | 'event' }
  /** Copies the running system to the other partition: minutes on slow disks. Then say `prepared`. */
  | { do: 'prepare' }
  /** Then say `downloaded` or `failed`. */
  | { do: 'download'; url: string; size: number; sha256: string }
  /** Checks the partition, runs the post-install step. Then say `applied` or `failed`. */
  | { do: 'apply' };

export type Happening =
  /** `status` 0: no HTTP answer at all. */
  | { kind: 'reply'; status: number; body: string }
  | { kind: 'prepared' }
  | { kind: 'downloaded' }
  | { kind: 'applied' }
  /** update_engine's code for what failed while preparing, downloading or applying. */
  | { kind: 'failed'; errorCode: number }
  | { kind: 'rebooted'; bootId: string }
  | { kind: 'rolled-back'; bootId: string }
  | { kind: 'restarted' }
  /** An operator asks for a check at once. Ignored while something is under way. */
  | { kind: 'asked' };

export type UpdateEngineStatus =
  | 'idle'
  | 'checking'
  | 'preparing'
  | 'reporting'
  | 'downloading'
  | 'applying'
  | 'awaiting-reboot';

interface State {
  status: UpdateEngineStatus;
  version: string;
  bootId: string;
  /** Said once, in the next check. */
  previousVersion: string;
  rolledBack: boolean;
  interactive: boolean;
  /** How often the POST of this check had no HTTP answer. */
  unanswered: number;
  pollSeconds: number | null;
  pauseBaseSeconds: number;
  offer: Offer | null;
  payload: PayloadState;
  /** The signature of a download that was broken off, so that errors say `resumed`. */
  brokenOff: string;
  /** What follows the report that is under way. */
  next: 'download' | 'apply' | 'wait-for-reboot' | 'pause';
  /** For `pause`: the HTTP status of the failed check; 200 when it was none. */
  failedStatus: number;
  pending: Action;
  /** Of the POST that is pending or was the last: composed when it is sent, so that a waiting machine holds no body. */
  content: RequestContent;
}

export interface UpdateEngine {
  readonly status: UpdateEngineStatus;
  readonly version: string;
  /** The version on offer, while there is one; display only, as for the real client. */
  readonly offered: string | null;
  /** What it waits to do. */
  readonly action: Action;
  /** The body of the POST that is pending. */
  compose(): string;
  /** Tells what happened; returns the next action, which replaces the one before. */
  take(happening: Happening, now: number): Action;
}

export interface UpdateEngineStart {
  profile: MachineProfile;
  version: string;
  bootId: string;
  /** The machine's clock when the daemon starts. */
  now: number;
  /** Uniform in [0, 1). */
  draw: () => number;
  /** The real client starts its life with one of '' and `0.0.0.0`. */
  previousVersion?: string;
}

const retryPauseMs = 10_000;
const flags = { resumed: 0x4000_0000, ownServer: 0x1000_0000 };
const deferredForBackoff = 40;
const rolledBackCode = 44;
const httpBase = 2000;

const noContent: RequestContent = {
  version: '',
  bootId: '',
  interactive: false,
  ping: false,
  updateCheck: false,
  event: null,
};

export function makeUpdateEngine(start: UpdateEngineStart): UpdateEngine {
  const { profile, draw } = start;
  let state: State = {
    status: 'idle',
    version: start.version,
    bootId: start.bootId,
    previousVersion: start.previousVersion ?? '',
    rolledBack: false,
    interactive: false,
    unanswered: 0,
    pollSeconds: null,
    pauseBaseSeconds: 0,
    offer: null,
    payload: noPayload,
    brokenOff: '',
    next: 'pause',
    failedStatus: 200,
    pending: { do: 'prepare' },
    content: noContent,
  };
  state = toIdle(state, start.now, firstPause(draw()));
  return {
    get status() {
      return state.status;
    },
    get version() {
      return state.version;
    },
    get offered() {
      return state.offer?.version ?? null;
    },
    get action() {
      return state.pending;
    },
    compose: () => composeRequest(profile, state.content),
    take(happening, now) {
      state = evolve(state, happening, profile, now, draw);
      return state.pending;
    },
  };
}

function evolve(state: State, happening: Happening, profile: MachineProfile, now: number, draw: () => number): State {
  const context: Context = { profile, now, draw };
  switch (happening.kind) {
    case 'reply':
      return afterReply(state, happening.status, happening.body, context);
    case 'prepared':
      return report({ ...state, next: 'download' }, { type: 13, result: 1 }, context);
    case 'downloaded':
      return afterDownload(state, context);
    case 'applied':
      return report({ ...state, next: 'wait-for-reboot' }, { type: 3, result: 1 }, context);
    case 'failed':
      return afterFault(state, happening.errorCode, context);
    case 'rebooted':
      return afterReboot(state, happening.bootId, context);
    case 'rolled-back':
      return startDaemon({ ...state, bootId: happening.bootId, rolledBack: true }, context);
    case 'restarted':
      return afterRestart(state, context);
    case 'asked':
      return state.status === 'idle' ? toCheck({ ...state, interactive: true }, now) : state;
    default:
      throw new Error(`no such happening: ${JSON.stringify(happening satisfies never)}`);
  }
}

interface Context {
  profile: MachineProfile;
  now: number;
  draw: () => number;
}

function afterReply(state: State, status: number, body: string, context: Context): State {
  switch (state.status) {
    case 'idle':
    case 'checking':
      return afterCheck(state, status, body, context);
    case 'reporting':
      return afterReport(state, context);
    case 'awaiting-reboot':
      return toPing(state, context, pauseAfterAnswer(state.pollSeconds, context.draw()));
    case 'preparing':
    case 'downloading':
    case 'applying':
      throw new Error(`a machine that is ${state.status} has posted nothing`);
  }
  return state.status satisfies never;
}

function afterCheck(state: State, status: number, body: string, context: Context): State {
  if (status === 0) return afterNoAnswer(state, context);
  // The previous version and the rollback are said once, whatever became of the POST.
  const told: State = { ...state, unanswered: 0, previousVersion: '', rolledBack: false, failedStatus: 200 };
  if (status < 200 || status > 299) return afterBadCheck(told, httpBase + status, status, context);
  const answer = readCheckAnswer(status === 204 ? '' : body);
  switch (answer.kind) {
    case 'no-update':
      return pause({ ...told, pollSeconds: answer.pollSeconds, offer: null }, context);
    case 'offer':
      return afterOffer({ ...told, pollSeconds: answer.pollSeconds }, answer.offer, context);
    case 'invalid':
      return afterBadCheck(told, answer.errorCode, 200, context);
  }
  return answer satisfies never;
}

function afterNoAnswer(state: State, context: Context): State {
  const unanswered = state.unanswered + 1;
  if (unanswered > (state.interactive ? 1 : 3)) {
    const told: State = { ...state, unanswered: 0, previousVersion: '', rolledBack: false };
    return afterBadCheck(told, httpBase, 0, context);
  }
  return { ...repost(state, context.now + retryPauseMs), status: 'checking', unanswered };
}

function repost(state: State, at: number): State {
  return state.pending.do === 'post' ? { ...state, pending: { ...state.pending, at } } : state;
}

/** A check that failed is reported at once, and forgets the interval that the server had asked for. */
function afterBadCheck(state: State, errorCode: number, status: number, context: Context): State {
  const { offer } = state;
  const payload =
    offer === null ? state.payload : afterFailure(state.payload, offer, errorCode, context.now, context.draw());
  const failed: State = { ...state, payload, pollSeconds: null, failedStatus: status, next: 'pause' };
  return report(failed, { type: 3, result: 0, errorCode: flagged(failed, errorCode, context.profile) }, context);
}

function afterOffer(state: State, offer: Offer, context: Context): State {
  const payload = toPayloadState(state.payload, offer);
  const offered: State = { ...state, offer, payload };
  if (context.now >= payload.refusedUntil) return { ...offered, status: 'preparing', pending: { do: 'prepare' } };
  const errorCode = flagged(offered, deferredForBackoff, context.profile);
  return report({ ...offered, next: 'pause' }, { type: 3, result: 9, errorCode }, context);
}

function afterDownload(state: State, context: Context): State {
  const offer = assertOffer(state);
  const payload = afterAttempt(state.payload, offer, context.now, context.draw());
  return report({ ...state, payload, next: 'apply' }, { type: 14, result: 1 }, context);
}

function afterFault(state: State, errorCode: number, context: Context): State {
  const offer = assertOffer(state);
  const code = flagged(state, errorCode, context.profile);
  const payload = afterFailure(state.payload, offer, errorCode, context.now, context.draw());
  return report({ ...state, payload, brokenOff: '', next: 'pause' }, { type: 3, result: 0, errorCode: code }, context);
}

/** Reports are not repeated, and how they were answered does not matter. */
function afterReport(state: State, context: Context): State {
  switch (state.next) {
    case 'download':
      return toDownload(state);
    case 'apply':
      return { ...state, status: 'applying', pending: { do: 'apply' } };
    case 'wait-for-reboot':
      return toPing({ ...state, brokenOff: '' }, context, pauseAfterAnswer(state.pollSeconds, context.draw()));
    case 'pause':
      return pause(state, context);
  }
  return state.next satisfies never;
}

function toDownload(state: State): State {
  const { urls, size, sha256 } = assertOffer(state);
  const url = urls[state.payload.urlIndex] ?? urls[0] ?? '';
  return { ...state, status: 'downloading', pending: { do: 'download', url, size, sha256 } };
}

function afterReboot(state: State, bootId: string, context: Context): State {
  if (state.status !== 'awaiting-reboot') return afterRestart({ ...state, bootId }, context);
  const { version } = assertOffer(state);
  const previousVersion = state.version;
  return startDaemon({ ...state, bootId, version, previousVersion, payload: noPayload }, context);
}

function afterRestart(state: State, context: Context): State {
  if (state.status === 'awaiting-reboot') return toPing(state, context, firstPause(context.draw()));
  const brokenOff = state.status === 'downloading' ? state.payload.signature : state.brokenOff;
  return startDaemon({ ...state, brokenOff }, context);
}

function startDaemon(state: State, { now, draw }: Context): State {
  const fresh: State = { ...state, offer: null, pollSeconds: null, unanswered: 0, failedStatus: 200 };
  return toIdle(fresh, now, firstPause(draw()));
}

function pause(state: State, { now, draw }: Context): State {
  const wasAnswered = state.failedStatus >= 200 && state.failedStatus <= 299;
  const next = wasAnswered
    ? pauseAfterAnswer(state.pollSeconds, draw())
    : pauseAfterFailure(state.failedStatus, state.pauseBaseSeconds, draw());
  return toIdle(state, now, next);
}

function toIdle(state: State, now: number, next: Pause): State {
  const idle: State = { ...state, interactive: false, pauseBaseSeconds: next.baseSeconds };
  return { ...toCheck(idle, now + next.ms), status: 'idle' };
}

function toCheck(state: State, at: number): State {
  const event: WireEvent = state.rolledBack
    ? { type: 3, result: 0, errorCode: rolledBackCode }
    : { type: 3, result: 2, previousVersion: state.previousVersion };
  return toPost({ ...state, status: 'checking' }, at, 'check', { ping: true, updateCheck: true, event });
}

function toPing(state: State, { now }: Context, next: Pause): State {
  const content = { ping: true, updateCheck: false, event: null };
  return toPost({ ...state, status: 'awaiting-reboot', interactive: false }, now + next.ms, 'ping', content);
}

function report(state: State, event: WireEvent, { now }: Context): State {
  return toPost({ ...state, status: 'reporting' }, now, 'event', { ping: false, updateCheck: false, event });
}

function toPost(
  state: State,
  at: number,
  carries: 'check' | 'ping' | 'event',
  says: Pick<RequestContent, 'ping' | 'updateCheck' | 'event'>,
): State {
  const { version, bootId, interactive } = state;
  return { ...state, content: { version, bootId, interactive, ...says }, pending: { do: 'post', at, carries } };
}

/** As it is printed: a signed 32-bit number. */
function flagged(state: State, errorCode: number, profile: MachineProfile): number {
  const resumed = state.brokenOff !== '' && state.brokenOff === state.payload.signature ? flags.resumed : 0;
  return errorCode | resumed | (profile.ownServer ? flags.ownServer : 0);
}

function assertOffer(state: State): Offer {
  if (state.offer === null) throw new Error(`a machine that is ${state.status} has no offer`);
  return state.offer;
}
