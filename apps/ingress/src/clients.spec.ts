// Every answer that the product can give, as ingress renders it, before the clients that must live with it: update_engine's
// model must post nothing but its next check (or, with an offer, exactly one update), and the strict readers must read it.
import { type AnswerReason, answerReasons, makePositions } from '@platte/facts';
import {
  composeRequest,
  elementsAt,
  type MachineProfile,
  makeUpdateEngine,
  readTree,
  type UpdateEngine,
} from '@platte/omaha/client';
import { type ApplicationSnapshot, type Decision, indexSnapshot, type Rollout } from '@platte/rollout';
import { describe, expect, test } from 'vitest';
// oxlint-disable-next-line @nx/enforce-module-boundaries -- tests of all rooms share one model of these clients
import { readAsGoClient, readAsSyncer, readAsUeRs } from '../../../test/clients/strict-readers.js';
import { makeCheckIns } from './check-ins.js';
import { sampleApp, sampleFloor, sampleNow, samplePackage, sampleSnapshot } from './testing/sample-catalog.js';

/** What brings a machine on 1000.0.0 to that answer: something of itself, of the catalog, or what policy says. */
interface Circumstance {
  profile?: Partial<MachineProfile>;
  version?: string;
  snapshot?: ApplicationSnapshot;
  decision?: Decision | null;
  asSyncer?: boolean;
  admits?: boolean;
}

const appid = `{${sampleApp}}`;
const profile: MachineProfile = {
  appid,
  track: 'stable',
  machineId: '3d1219c7c4c5404aaa1f6d2a48adfda4',
  alias: '',
  oem: 'azure',
  oemVersion: '',
  alephVersion: '',
  board: 'amd64-usr',
  kernelArch: 'x86_64',
  ownServer: true,
};
const bootId = '{51c48fcd-fbfa-46de-bfe2-1fba32ff97d9}';
const plain = sampleSnapshot();
const withRollout = (changes: Partial<Rollout>): ApplicationSnapshot => ({
  ...plain,
  groups: plain.groups.map((group) => ({ ...group, rollout: { ...group.rollout!, ...changes } })),
});
const withChannel = (changes: Partial<ApplicationSnapshot['channels'][number]>): ApplicationSnapshot => ({
  ...plain,
  channels: plain.channels.map((channel) => ({ ...channel, ...changes })),
});
const wave = { places: 1, soakMs: 0, successPercent: 0, errorPercent: 100, errorCountMin: 0, needsApproval: false };
const says = (reason: AnswerReason): Circumstance => ({ decision: { answer: { reason, inputs: {} } } });
const offers = (reason: AnswerReason): Circumstance => ({
  decision: { answer: { reason, inputs: {} }, offer: samplePackage },
});

const payload = `GET ${samplePackage.url}${samplePackage.filename}`;

/** A reason that is added must be added here: the type says so. */
const circumstances: Record<AnswerReason, Circumstance> = {
  'unknown-application': { profile: { appid: 'io.example.unknown' } },
  'invalid-application-id': { profile: { appid: '' } },
  'no-machine-id': { profile: { machineId: '' } },
  'too-many-new-machines': { admits: false },
  'unknown-group': { profile: { track: 'nowhere' } },
  'no-package': { snapshot: withChannel({ package: null }) },
  'syncer-needs-multi-manifest': {
    asSyncer: true,
    snapshot: withChannel({ floors: [{ package: sampleFloor.id, reason: '' }] }),
  },
  'invalid-version': { version: 'nonsense' },
  'dead-end': { snapshot: { ...plain, deadEnds: [{ version: '1000.0.0', reason: 'broken' }] } },
  'up-to-date': { version: samplePackage.version },
  'ahead-of-channel': { version: '9999.0.0' },
  blacklisted: { snapshot: withChannel({ blacklist: [samplePackage.id] }) },
  'updates-disabled': { snapshot: sampleSnapshot({ policy: { updatesEnabled: false } }) },
  'rollout-paused': { snapshot: withRollout({ state: 'paused', cause: 'lunch' }) },
  'rollout-halted': { snapshot: withRollout({ state: 'halted', cause: 'a < b & "c"' }) },
  'outside-window': {
    snapshot: sampleSnapshot({ policy: { hours: { kind: 'windows', windows: [{ days: [7], from: 0, to: 60 }] } } }),
  },
  frozen: {
    snapshot: sampleSnapshot({ policy: { freezes: [{ from: '2026-11-20', to: '2026-12-01', note: 'sale' }] } }),
  },
  'not-in-wave': { snapshot: withRollout({ waves: [wave, { ...wave, places: 10_000 }] }) },
  'awaiting-approval': { snapshot: withRollout({ waves: [wave, { ...wave, places: 10_000, needsApproval: true }] }) },
  'policy-unavailable': { decision: null },
  'rule-failed': says('rule-failed'),
  held: says('held'),
  cloned: says('cloned'),
  'rolled-back': says('rolled-back'),
  'backing-off': says('backing-off'),
  quarantined: says('quarantined'),
  'safe-mode-probing': says('safe-mode-probing'),
  'rate-limited': says('rate-limited'),
  'concurrency-limited': says('concurrency-limited'),
  're-offered': offers('re-offered'),
  granted: offers('granted'),
};
const refusals = answerReasons.filter((reason) => reason !== 'granted' && reason !== 're-offered');

describe('a machine that is answered', () => {
  test.each(refusals)('%s posts nothing but its next check', async (reason) => {
    const { engine, post } = start(circumstances[reason]);
    const answer = await post(engine.compose());
    expect(infoOf(answer)).toBe(reason);
    engine.take({ kind: 'reply', status: 200, body: answer }, sampleNow);
    expect(engine.status).toBe('idle');
    expect(engine.action).toMatchObject({ do: 'post', carries: 'check' });
    expect(engine.compose()).toContain('<event eventtype="3" eventresult="2" previousversion="">');
  });

  test.each(['granted', 're-offered'] as const)('%s posts exactly one update', async (reason) => {
    const { engine, post } = start(circumstances[reason]);
    const transcript: string[] = [];
    while (engine.status !== 'awaiting-reboot') transcript.push(await live(engine, post));
    engine.take({ kind: 'rebooted', bootId: '{new}' }, sampleNow);
    expect(engine.version).toBe(samplePackage.version);
    transcript.push(await live(engine, post));
    expect(transcript.filter((said) => said !== '')).toEqual([
      'check',
      '13/1',
      payload,
      '14/1',
      '3/1',
      'check after 1000.0.0',
    ]);
    expect(engine.status).toBe('idle');
  });
});

/** An id that names nothing is the client's own mistake, and the protocol has a status for it: Go clients stop there. */
const badIds: readonly AnswerReason[] = ['unknown-application', 'invalid-application-id'];

describe('the strict readers', () => {
  test.each(refusals.filter((reason) => !badIds.includes(reason)))('can read %s', async (reason) => {
    const { engine, post, sent } = start(circumstances[reason]);
    const answer = await post(engine.compose());
    expect(readAsGoClient(answer, sent)).toMatchObject({ kind: 'read', value: { status: 'noupdate', url: null } });
    expect(readAsSyncer(answer)).toEqual({ kind: 'read', value: null });
  });

  test.each(badIds)('are told %s as their protocol says it', async (reason) => {
    const { engine, post, sent } = start(circumstances[reason]);
    const answer = await post(engine.compose());
    expect(readAsGoClient(answer, sent)).toEqual({
      kind: 'broken',
      why: expect.stringMatching(/^application status error-(unknownApplication|invalidAppId)$/),
    });
    expect(readAsSyncer(answer)).toEqual({ kind: 'read', value: null });
  });

  test.each(['granted', 're-offered'] as const)('can read %s', async (reason) => {
    const { engine, post, sent } = start(circumstances[reason]);
    const answer = await post(engine.compose());
    const { version, url, filename, files } = samplePackage;
    expect(readAsGoClient(answer, sent)).toEqual({
      kind: 'read',
      value: { status: 'ok', version, url: `${url}${filename}` },
    });
    expect(readAsSyncer(answer)).toMatchObject({ kind: 'read', value: { target: version, manifests: [{ version }] } });
    expect(readAsUeRs(answer)).toMatchObject({
      kind: 'read',
      value: [{ url: `${url}${filename}` }, { url: `${url}${files[0]?.name}` }],
    });
  });

  test('a syncer that can read several manifests gets its floors and its target', async () => {
    const { post } = start(circumstances['syncer-needs-multi-manifest']);
    const content = { version: '1000.0.0', bootId, interactive: false, ping: true, updateCheck: true, event: null };
    const body = composeRequest(profile, content).replace('<app ', '<app multi_manifest_ok="true" ');
    expect(readAsSyncer(await post(body))).toMatchObject({
      kind: 'read',
      value: { target: samplePackage.version, manifests: [{ version: sampleFloor.version, isFloor: true }, {}] },
    });
  });
});

interface Started {
  engine: UpdateEngine;
  /** The application id that it sends. */
  sent: string;
  post: (body: string) => Promise<string>;
}

function start({ snapshot = plain, decision = null, asSyncer = false, admits = true, ...of }: Circumstance): Started {
  const machine = { ...profile, ...of.profile };
  const version = of.version ?? '1000.0.0';
  const index = indexSnapshot(snapshot);
  const checkIns = makeCheckIns({
    now: () => sampleNow,
    nextPosition: makePositions(0),
    findApplication: (id) => (id === sampleApp ? index : undefined),
    admit: () => admits,
    assumed: { arch: 'amd64', track: '' },
    refuseSpent: () => null,
    ask: (asked) => Promise.resolve(decision && asked.map(() => decision)),
    append: (_facts, onDone) => onDone(),
    pollIntervalSeconds: () => 2700,
    hasRoom: () => true,
    heldLimits: { checksMax: 10, requestsMax: 20 },
    seen: {
      malformed: (cause) => expect.unreachable(cause),
      parsed: () => {},
      shed: () => expect.unreachable('shed'),
      lost: (error) => expect.unreachable(error.message),
      refused: () => {},
      answered: () => {},
      failed: (error) => expect.unreachable(String(error)),
      ruleFailed: (error) => expect.unreachable(String(error)),
    },
  });
  const post = (body: string) =>
    new Promise<string>((resolve, reject) =>
      checkIns.receive(Buffer.from(asSyncer ? toSyncer(body) : body), '192.0.2.7', {
        document: resolve,
        refuse: ({ status }) => reject(new Error(`refused with ${status}`)),
      }),
    );
  const engine = makeUpdateEngine({ profile: machine, version, bootId, now: sampleNow, draw: () => 0.5 });
  return { engine, sent: machine.appid, post };
}

function toSyncer(body: string): string {
  return body.replace(/ version="update_engine-[^"]*"/, ' version="CoreOSUpdateEngine-0.1.0.0"');
}

/** Its next step; what it posted, in short. */
async function live(engine: UpdateEngine, post: (body: string) => Promise<string>): Promise<string> {
  const { action } = engine;
  switch (action.do) {
    case 'post': {
      const body = engine.compose();
      engine.take({ kind: 'reply', status: 200, body: await post(body) }, sampleNow);
      return inShort(body);
    }
    case 'prepare':
      engine.take({ kind: 'prepared' }, sampleNow);
      return '';
    case 'download':
      engine.take({ kind: 'downloaded' }, sampleNow);
      return `GET ${action.url}`;
    case 'apply':
      engine.take({ kind: 'applied' }, sampleNow);
      return '';
  }
  return action satisfies never;
}

function inShort(body: string): string {
  const previous = /previousversion="([^"]+)"/.exec(body)?.[1];
  if (body.includes('<updatecheck>')) return previous === undefined ? 'check' : `check after ${previous}`;
  return /eventtype="(\d+)" eventresult="(\d+)"/.exec(body)?.slice(1).join('/') ?? 'ping';
}

/** The reason that the answer tells; undefined with an offer. */
function infoOf(answer: string): string | undefined {
  return elementsAt(readTree(answer)!, 'app', 'updatecheck')[0]?.attributes['info'];
}
