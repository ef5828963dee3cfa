import { Fact } from '@platte/facts';
import { elementsAt, readTree } from '@platte/omaha/client';
import { bootMarkOf, type Decision } from '@platte/rollout';
import { describe, expect, test } from 'vitest';
import {
  sampleApp,
  sampleChannel,
  sampleFloor,
  sampleGroup,
  sampleIndex,
  sampleNow,
  samplePackage,
  sampleRollout,
} from './testing/sample-catalog.js';

import { app, check, flatcar, makeTrial, recording, request, upToDate } from './testing/trial-check-ins.js';

describe('a check of an up-to-date machine', () => {
  test('is answered noupdate and makes one fact with its answer and its reason', async () => {
    const { post, facts, asked, counted } = makeTrial();
    const answer = await post(upToDate);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('<updatecheck status="noupdate" PollInterval="2700" info="up-to-date"/>');
    expect(answer.body).toContain('<ping status="ok"/>');
    expect(answer.body).toContain('<event status="ok"/>');
    expect(asked).toEqual([]);
    expect(facts).toEqual([
      {
        kind: 'MachineCheckedIn',
        v: 1,
        app: sampleApp,
        machine: expect.stringMatching(/^[0-9a-f]{32}$/),
        at: sampleNow,
        n: 0,
        version: '4081.2.0',
        group: sampleGroup,
        channel: sampleChannel,
        arch: 'amd64',
        rollout: sampleRollout,
        reboots: true,
        oem: expect.any(String),
        track: 'stable',
        ip: '192.0.2.7',
        alias: expect.any(String),
        oemVersion: expect.any(String),
        aleph: expect.any(String),
        bootId: expect.any(String),
        ping: true,
        heartbeat: true,
        source: 'ondemandupdate',
        answer: { reason: 'up-to-date', inputs: expect.any(Object) },
      },
    ]);
    expect(counted).toEqual(['up-to-date 2700']);
  });

  test('makes facts that are what the log expects', async () => {
    const { post, facts } = makeTrial();
    await post(upToDate);
    await post(recording('update-engine.event.3-0.xml'));
    await post(recording('go.event.14-1.xml').replaceAll(/appid="[^"]*"/g, `appid="${sampleApp}"`));
    expect(facts.length).toBeGreaterThanOrEqual(4);
    for (const fact of facts) expect(Fact.parse(fact)).toEqual(fact);
  });

  test('is told the interval of its group', async () => {
    const { post, counted } = makeTrial({ index: sampleIndex({ policy: { pollIntervalSeconds: 3600 } }) });
    expect((await post(upToDate)).body).toContain('PollInterval="3600"');
    expect(counted).toEqual(['up-to-date 3600']);
  });
});

describe('a check of a machine that could be updated', () => {
  const grant: Decision = { answer: { reason: 'granted', inputs: { target: '4081.2.0' } }, offer: samplePackage };

  test('is asked of policy with the position of its own fact, and offered what policy grants', async () => {
    const { post, asked, facts } = makeTrial({ decide: () => [grant] });
    const answer = await post(check);
    expect(answer.body).toContain('<updatecheck status="ok" PollInterval="2700">');
    expect(answer.body).toContain(`codebase="${samplePackage.url}"`);
    expect(answer.body).toContain('name="flatcar_production_update.gz"');
    expect(answer.body).toContain('name="oem-azure.gz"');
    expect(answer.body).toContain(`sha256="${samplePackage.action?.sha256}"`);
    expect(asked).toMatchObject([
      {
        app: sampleApp,
        group: sampleGroup,
        revision: 3,
        version: '1000.0.0',
        arch: 'amd64',
        events: [],
        boot: bootMarkOf('{51c48fcd-fbfa-46de-bfe2-1fba32ff97d9}'),
        onlyOpenLease: false,
        forced: false,
      },
    ]);
    expect(facts).toMatchObject([
      { kind: 'MachineCheckedIn', at: asked[0]?.at, n: asked[0]?.n, answer: { reason: 'granted' } },
    ]);
  });

  test('is told what policy refuses, as noupdate', async () => {
    const { post } = makeTrial({
      decide: () => [{ answer: { reason: 'rate-limited', inputs: { limit: 5, used: 5 } } }],
    });
    expect((await post(check)).body).toContain(
      '<updatecheck status="noupdate" PollInterval="2700" info="rate-limited"/>',
    );
  });

  test.each([
    ['does not answer', null],
    ['grants without saying what', [{ answer: { reason: 'granted', inputs: {} } } satisfies Decision]],
    ['answers for nobody', []],
  ])('gets no update when policy %s', async (_, decisions) => {
    const { post, facts } = makeTrial({ decide: () => decisions });
    const answer = await post(check);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('status="noupdate" PollInterval="2700" info="policy-unavailable"');
    expect(facts).toMatchObject([{ answer: { reason: 'policy-unavailable', inputs: { target: '4081.2.0' } } }]);
  });

  test('is offered nothing that comes with a refusal', async () => {
    const { post } = makeTrial({ decide: () => [{ answer: { reason: 'held', inputs: {} }, offer: samplePackage }] });
    expect((await post(check)).body).toContain('status="noupdate"');
  });

  test('brings the events of its app along, and events come first', async () => {
    const { post, asked, facts } = makeTrial();
    await post(
      request(
        flatcar(
          '<updatecheck/><event eventtype="3" eventresult="0" errorcode="44"/><event eventtype="3" eventresult="2" previousversion="0.0.0"/>',
        ),
      ),
    );
    expect(facts.map(({ kind, n }) => [kind, n])).toEqual([
      ['EventReported', 0],
      ['EventReported', 1],
      ['MachineCheckedIn', 2],
    ]);
    expect(asked[0]).toMatchObject({
      n: 2,
      events: [
        { n: 0, type: 3, result: 0, errorCode: '44' },
        { n: 1, type: 3, result: 2, previousVersion: '0.0.0' },
      ],
    });
  });

  test('row 20: is asked of policy together with the 63 others of its request', async () => {
    const questions: number[] = [];
    const { post } = makeTrial({
      decide: (machines) => {
        questions.push(machines.length);
        return machines.map(() => grant);
      },
    });
    const apps = Array.from({ length: 64 }, (_, n) => `version="1000.0.0" track="stable" machineid="m${n}"`);
    const answer = await post(request(...apps.map((said) => flatcar('<updatecheck/>', said))));
    expect(answer.body.match(/<updatecheck status="ok"/g)).toHaveLength(64);
    expect(questions).toEqual([64]);
  });

  test('row 6: is granted at most once in a request that names it twice', async () => {
    const { post, asked, facts } = makeTrial({ decide: (machines) => machines.map(() => grant) });
    const answer = await post(request(flatcar('<updatecheck/>'), flatcar('<updatecheck/>')));
    expect(asked).toHaveLength(1);
    expect(answer.body.match(/<updatecheck status="ok"/g)).toHaveLength(2);
    expect(facts.map((fact) => (fact.kind === 'MachineCheckedIn' ? fact.answer?.reason : fact.kind))).toEqual([
      'granted',
      're-offered',
    ]);
  });
});

describe('a request without a check', () => {
  test('makes its fact without an answer, and one fact per event', async () => {
    const { post, facts, counted } = makeTrial();
    const answer = await post(recording('update-engine.event.13-1.xml'));
    expect(answer.body).not.toContain('updatecheck');
    expect(answer.body.match(/<event status="ok"\/>/g)).toHaveLength(1);
    expect(facts).toMatchObject([
      { kind: 'EventReported', type: 13, result: 1 },
      { kind: 'MachineCheckedIn', ping: false, heartbeat: false },
    ]);
    expect(facts[1]).not.toHaveProperty('answer');
    expect(counted).toEqual(['no-check 2700']);
  });

  test('acknowledges an event whose numbers are none, and keeps it out of the log', async () => {
    const { post, facts } = makeTrial();
    const answer = await post(request(flatcar('<event eventtype="99999999999" eventresult="1"/>')));
    expect(answer.body).toContain('<event status="ok"/>');
    expect(facts.map(({ kind }) => kind)).toEqual(['MachineCheckedIn']);
  });

  test('keeps a machine of an unknown track, without a group', async () => {
    const { post, facts } = makeTrial();
    await post(request(flatcar('<ping active="1"/>', 'version="1.0.0" track="nowhere" machineid="m1"')));
    expect(facts).toMatchObject([{ group: null, channel: null, rollout: null, track: 'nowhere' }]);
  });
});

describe('a request that names nobody', () => {
  test.each([
    [
      'an unknown application',
      app('appid="{00000000-0000-0000-0000-000000000000}" version="1.0.0" machineid="m1"', '<updatecheck/>'),
      'error-unknownApplication',
      'unknown-application',
    ],
    [
      'an unusable application id',
      app('appid="../etc" version="1.0.0" machineid="m1"', '<updatecheck/>'),
      'error-invalidAppId',
      'invalid-application-id',
    ],
    ['no machine', flatcar('<updatecheck/>', 'version="1.0.0" track="stable"'), 'ok', 'no-machine-id'],
  ])('for %s makes no fact, is counted and gets its status with noupdate', async (_, xml, status, reason) => {
    const { post, facts, counted } = makeTrial();
    const answer = await post(request(xml));
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(`status="${status}"`);
    expect(answer.body).toContain(`<updatecheck status="noupdate" PollInterval="2700" info="${reason}"/>`);
    expect(facts).toEqual([]);
    expect(counted).toEqual([`refused ${reason}`, `${reason} 2700`]);
  });

  test('or more machines than its address may gets noupdate, and the machines that were there go on', async () => {
    const { post, facts, counted } = makeTrial({ newMachinesPerHour: 1 });
    const asks = (machine: string) =>
      post(
        request(
          flatcar('<ping active="1"/><updatecheck/>', `version="4081.2.0" track="stable" machineid="${machine}"`),
        ),
      );
    await asks('old');
    const refused = await asks('new');
    expect(refused.body).toContain(`appid="{${sampleApp}}" status="ok"`);
    expect(refused.body).toContain('<updatecheck status="noupdate" PollInterval="2700" info="too-many-new-machines"/>');
    await asks('old');
    expect(facts.map(({ machine }) => machine)).toEqual(['old', 'old']);
    expect(counted).toEqual([
      'up-to-date 2700',
      'refused too-many-new-machines',
      'too-many-new-machines 2700',
      'up-to-date 2700',
    ]);
  });

  test('does not silence the other applications of the request', async () => {
    const { post, facts } = makeTrial();
    const answer = await post(
      request(
        app('appid="io.example.unknown" machineid="m1"', '<updatecheck/>'),
        flatcar('<updatecheck/>', 'version="4081.2.0" track="stable" machineid="m1"'),
      ),
    );
    expect(answer.body.match(/appid="[^"]*" status="[^"]*"/g)).toEqual([
      'appid="io.example.unknown" status="error-unknownApplication"',
      `appid="{${sampleApp}}" status="ok"`,
    ]);
    expect(facts).toMatchObject([{ answer: { reason: 'up-to-date' } }]);
  });

  test('is known by its product id, too, and gets its own spelling back', async () => {
    const { post, facts } = makeTrial({ index: sampleIndex({ productId: 'io.example.agent' }) });
    const answer = await post(
      request(app('appid="IO.Example.Agent" version="1.0.0" track="stable" machineid="m1"', '')),
    );
    expect(answer.body).toContain('appid="IO.Example.Agent" status="ok"');
    expect(facts).toMatchObject([{ app: sampleApp }]);
  });
});

const syncer = (more: string) =>
  `<request protocol="3.0" version="CoreOSUpdateEngine-0.1.0.0" installsource="scheduler"><os platform="CoreOS" arch="x64"/>${app(`appid="${sampleApp}" version="766.0.0" track="stable" machineid="{m}" ${more}`, '<updatecheck/>')}</request>`;

describe('a syncer', () => {
  const floors = [{ package: sampleFloor.id, reason: 'new partition table' }];

  test('gets every manifest up to the channel, policy is not asked, and it is no machine', async () => {
    const { post, facts, asked } = makeTrial({ index: sampleIndex({ floors }) });
    const answer = await post(syncer('multi_manifest_ok="true"'));
    expect(answer.body).toContain('<manifest version="3510.2.8" is_floor="true" floor_reason="new partition table">');
    expect(answer.body).toContain('<manifest version="4081.2.0" is_target="true">');
    expect(asked).toEqual([]);
    expect(facts).toMatchObject([
      { kind: 'SyncerCheckedIn', canReadSeveralManifests: true, answer: { reason: 'granted' } },
    ]);
    for (const fact of facts) expect(Fact.parse(fact)).toEqual(fact);
  });

  test('row 47: that reads one manifest only gets noupdate while there are floors', async () => {
    const { post } = makeTrial({ index: sampleIndex({ floors }) });
    expect((await post(syncer(''))).body).toContain('info="syncer-needs-multi-manifest"');
  });

  test.each(['"quoted" & <b>', ']]>', 'größer 🚀 \u2028', "it's\ttabbed\nand\r\nbroken", '&amp;lt;'])(
    'row 48: reads the reason of a floor as %j was written, by another parser',
    async (reason) => {
      const { post } = makeTrial({ index: sampleIndex({ floors: [{ package: sampleFloor.id, reason }] }) });
      const { body } = await post(syncer('multi_manifest_ok="true"'));
      const manifests = elementsAt(readTree(body)!, 'app', 'updatecheck', 'manifest');
      expect(manifests[0]?.attributes['floor_reason']).toBe(reason);
    },
  );

  test('that reads one manifest only gets a plain one where there are no floors', async () => {
    const { post } = makeTrial();
    expect((await post(syncer(''))).body).toContain('<manifest version="4081.2.0">');
  });
});
