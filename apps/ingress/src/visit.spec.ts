// What one app of one request means: what of its wishes is followed, and where it belongs when it does not say.
import { indexSnapshot } from '@platte/rollout';
import { describe, expect, test } from 'vitest';
import { sampleGroup, sampleSnapshot } from './testing/sample-catalog.js';
import { app, flatcar, makeTrial, request } from './testing/trial-check-ins.js';

describe('what a check says it wants', () => {
  const asks = (attributes: string, version: string) =>
    request(flatcar(`<updatecheck ${attributes}/>`, `version="${version}" track="stable" machineid="m1"`));

  test.each([
    ['an update that it will not act on: it gets none', 'updatedisabled="true"', '1000.0.0', 'updates-disabled'],
    ['nothing, where it has the version already', 'updatedisabled="true"', '4081.2.0', 'up-to-date'],
    ['the same version again: it has it', 'sameversionupdate="true"', '4081.2.0', 'up-to-date'],
    ['to go back: that is the group’s switch', 'rollback_allowed="true"', '9999.0.0', 'ahead-of-channel'],
    [
      'to go back to a version: that is the group’s switch',
      'rollback_allowed="true" targetversionprefix="4081.2.0$"',
      '9999.0.0',
      'ahead-of-channel',
    ],
  ])('%s', async (_, attributes, version, reason) => {
    const { post, asked, facts } = makeTrial();
    expect((await post(asks(attributes, version))).body).toContain(
      `<updatecheck status="noupdate" PollInterval="2700" info="${reason}"/>`,
    );
    expect(asked).toEqual([]);
    expect(facts).toMatchObject([{ answer: { reason } }]);
  });

  test.each([
    ['"false"', 'no-package'],
    ['"1"', 'no-package'],
    ['"true"', 'rate-limited'],
  ])('a delta, where it says delta_okay=%s: %s', async (value, reason) => {
    const snapshot = sampleSnapshot();
    const packages = snapshot.packages.map((one) => ({ ...one, action: { ...one.action!, isDelta: true } }));
    const { post } = makeTrial({ index: indexSnapshot({ ...snapshot, packages }) });
    const said = `version="1000.0.0" track="stable" machineid="m1" delta_okay=${value}`;
    expect((await post(request(flatcar('<updatecheck/>', said)))).body).toContain(`info="${reason}"`);
  });

  test('is asked of policy where it would act on it', async () => {
    const { post, asked } = makeTrial();
    await post(asks('updatedisabled="false"', '1000.0.0'));
    expect(asked).toHaveLength(1);
  });
});

describe('what a machine does not say', () => {
  const checkOf = (attributes: string) =>
    request(flatcar('<updatecheck/>', `version="4081.2.0" machineid="m1" ${attributes}`));
  const stable = { track: 'stable' } as const;

  test('of its arch is taken for amd64, or for all where that is set', async () => {
    const amd64 = makeTrial();
    await amd64.post(checkOf('track="stable"'));
    expect(amd64.facts).toMatchObject([{ arch: 'amd64', group: sampleGroup }]);
    const all = makeTrial({ assumed: { arch: 'all', track: '' } });
    expect((await all.post(checkOf('track="stable"'))).body).toContain('info="unknown-group"');
    await all.post(checkOf('track="stable" board="amd64-usr"'));
    expect(all.facts).toMatchObject([
      { arch: 'all', group: null },
      { arch: 'amd64', group: sampleGroup },
    ]);
  });

  test.each(['', 'track=""', 'track="  "'])('of its track (%j) leads nowhere, or to the default', async (attribute) => {
    const without = makeTrial();
    expect((await without.post(checkOf(attribute))).body).toContain('info="unknown-group"');
    const { post, facts } = makeTrial({ assumed: { arch: 'amd64', ...stable } });
    expect((await post(checkOf(attribute))).body).toContain('info="up-to-date"');
    // As it was sent: nobody shall think that the machine says so.
    expect(facts).toMatchObject([{ track: '', group: sampleGroup }]);
  });

  test.each(['ap="stable"', 'tag="stable"', 'release_channel="stable"', 'ap="x64-statsdef_1" tag="stable"'])(
    'of its track is read from what other Omaha clients call a channel: %s',
    async (attributes) => {
      const { post, facts } = makeTrial({ assumed: { arch: 'amd64', track: 'nowhere' } });
      expect((await post(checkOf(attributes))).body).toContain('info="up-to-date"');
      expect(facts).toMatchObject([{ track: 'stable', group: sampleGroup }]);
    },
  );

  test('of its track is the default where its channel leads nowhere, and no channel overrules a track', async () => {
    const { post, facts } = makeTrial({ assumed: { arch: 'amd64', ...stable } });
    await post(checkOf('ap="2.0-dev-multi"'));
    await post(checkOf('track="nowhere" ap="stable"'));
    expect(facts).toMatchObject([
      { track: '', group: sampleGroup },
      { track: 'nowhere', group: null },
    ]);
  });

  test('is not put in the place of a track that leads nowhere', async () => {
    const { post } = makeTrial({ assumed: { arch: 'amd64', ...stable } });
    expect((await post(checkOf('track="nowhere"'))).body).toContain('info="unknown-group"');
  });

  test('in words, as an old group id of Flatcar, is the track of that name', async () => {
    const { post, facts } = makeTrial();
    const id = '9a2deb70-37be-4026-853f-bfdd6b347bbe';
    for (const track of [id, `{${id.toUpperCase()}}`]) {
      expect((await post(checkOf(`track="${track}"`))).body).toContain('info="up-to-date"');
    }
    expect(facts).toMatchObject([{ track: id }, { track: `{${id.toUpperCase()}}` }]);
    // That of arm64 leads no amd64 machine anywhere: who says so may be of that arch and not say it.
    expect((await post(checkOf('track="11a585f6-9418-4df0-8863-78b2fd3240f8"'))).body).toContain(
      'info="unknown-group"',
    );
  });
});

describe('a request that is a test’s', () => {
  const tested = (value: string) =>
    request(
      flatcar(
        '<event eventtype="3" eventresult="0" errorcode="9"/><updatecheck/>',
        'version="1000.0.0" track="stable" machineid="m1"',
      ),
    ).replace('<request ', `<request testsource="${value}" `);

  test.each(['dev', 'qa', 'prober', 'auto', 'ossdev', 'of our own'])('says so in its facts: %s', async (testSource) => {
    const { post, asked, facts } = makeTrial();
    await post(tested(testSource));
    expect(facts).toMatchObject([
      { kind: 'EventReported', testSource },
      { kind: 'MachineCheckedIn', testSource },
    ]);
    expect(asked).toMatchObject([{ testSource }]);
  });

  test('is none where it says nothing', async () => {
    const { post, asked, facts } = makeTrial();
    await post(tested(''));
    for (const said of [...facts, ...asked]) expect(said).not.toHaveProperty('testSource');
    expect(facts).toHaveLength(2);
  });
});

describe('a rule that throws', () => {
  // As a snapshot of another version could have it: the rule of hours finds no list.
  const broken = sampleSnapshot({ policy: { freezes: null as never }, productId: 'io.example.agent' });

  test('costs its application the answer, and the others of the request nothing', async () => {
    const { post, facts, counted } = makeTrial({ index: indexSnapshot(broken) });
    const answer = await post(
      request(
        flatcar('<updatecheck/>'),
        app('appid="io.example.agent" version="4081.2.0" track="stable" machineid="m2"', '<updatecheck/>'),
      ),
    );
    expect(answer.status).toBe(200);
    expect(answer.body.match(/info="[^"]*"/g)).toEqual(['info="rule-failed"', 'info="up-to-date"']);
    expect(facts).toMatchObject([
      { machine: 'm1', answer: { reason: 'rule-failed', inputs: { note: expect.stringContaining('null') } } },
      { machine: 'm2', answer: { reason: 'up-to-date' } },
    ]);
    expect(counted).toEqual([expect.stringMatching(/^rule-failed TypeError/), 'rule-failed 2700', 'up-to-date 2700']);
  });
});

test('a freeze until further notice is an answer, and the fact has no end of it', async () => {
  const freezes = [{ from: '2026-11-20', to: '9999-12-31', note: 'until further notice' }];
  const { post, facts } = makeTrial({ index: indexSnapshot(sampleSnapshot({ policy: { freezes } })) });
  const answer = await post(request(flatcar('<updatecheck/>')));
  expect([answer.status, /info="[^"]*"/.exec(answer.body)?.[0]]).toEqual([200, 'info="frozen"']);
  const [{ answer: told } = {}] = facts as { answer?: object }[];
  expect(told).toEqual({
    reason: 'frozen',
    inputs: { target: '4081.2.0', window: '2026-11-20 to 9999-12-31 UTC (until further notice)' },
  });
});
