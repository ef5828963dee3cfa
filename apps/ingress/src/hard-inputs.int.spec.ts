// The hard inputs of real life and of bad will, over HTTP: numbers are those of the list in omaha-protocol.md 5. Those of the
// listener (body sizes, encodings, deadlines, methods, paths) are in hard-requests.int.spec.ts and omaha-server.spec.ts; those of values in the codec's own tests.
import { readFileSync } from 'node:fs';
import type { Fact, MachineCheckedIn } from '@platte/facts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { sampleApp, sampleGroup, samplePackage, sampleSnapshot } from './testing/sample-catalog.js';
import { startTrialIngress, startTrialNats, type TrialIngress, type TrialNats } from './testing/trial-ingress.js';

const check = readFileSync(
  new URL('../../../test/clients/recordings/update-engine.check.3-2.xml', import.meta.url),
  'utf8',
);
let nats: TrialNats;
let ingress: TrialIngress;
let machines = 0;

beforeAll(async () => {
  nats = await startTrialNats();
  ingress = await startTrialIngress(nats.url, { PLATTE_TRUSTED_PROXIES: '127.0.0.0/8' });
});
afterAll(async () => {
  await ingress.stop();
  await nats.stop();
});

const newMachine = () => `hard-${++machines}`;
const request = (inside: string, attributes = 'protocol="3.0" version="x" installsource="scheduler"') =>
  `<?xml version="1.0" encoding="UTF-8"?><request ${attributes}>${inside}</request>`;
const app = (inside: string, attributes: Record<string, string>) =>
  `<app ${Object.entries({ appid: `{${sampleApp}}`, version: samplePackage.version, track: 'stable', ...attributes })
    .map(([name, value]) => `${name}="${value}"`)
    .join(' ')}>${inside}</app>`;
const checkOf = (machine: string, attributes: Record<string, string> = {}) =>
  request(app('<updatecheck/>', { machineid: machine, ...attributes }));

async function factsOf(machine: string): Promise<Fact[]> {
  return (await nats.facts()).filter((fact) => fact.machine === machine);
}

async function checkInOf(machine: string): Promise<MachineCheckedIn> {
  const fact = (await factsOf(machine)).find((fact) => fact.kind === 'MachineCheckedIn');
  if (fact?.kind !== 'MachineCheckedIn') throw new Error(`${machine} is not in the log`);
  return fact;
}

const inside = (bytes: number[]) =>
  Buffer.concat([
    Buffer.from('<request protocol="3.0"><app alias="'),
    Buffer.from(bytes),
    Buffer.from('"/></request>'),
  ]);

describe('refused with 400, a tiny body and a closed connection, and not in the log', () => {
  const deep = `${'<x>'.repeat(20)}${'</x>'.repeat(20)}`;
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(check, 'utf16le')]);
  test.each<[string, string | Buffer]>([
    ['row 1: an entity bomb', '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><request>&b;</request>'],
    ['row 2: an external entity', '<!DOCTYPE x SYSTEM "file:///etc/passwd"><request protocol="3.0"/>'],
    ['row 3: an undefined entity', checkOf('&foo;')],
    ['row 4: an attribute twice', request('<app appid="a" appid="b"/>')],
    ['row 8: another declared encoding', check.replace('UTF-8', 'ISO-8859-1')],
    ['row 8: UTF-16', utf16],
    ['row 10: invalid UTF-8', inside([0xc3, 0x28])],
    ['row 10: an overlong form', inside([0xc0, 0xaf])],
    ['row 10: a surrogate', inside([0xed, 0xa0, 0x80])],
    ['row 11: a NUL byte', inside([0])],
    ['row 11: a reference to NUL', checkOf('&#0;')],
    ['row 12: nothing', ''],
    ['row 12: blanks', ' \n\t '],
    ['row 12: half a request', check.slice(0, 400)],
    ['row 13: a second document', `${check}<request/>`],
    ['row 14: another root', '<response protocol="3.0"/>'],
    ['row 14: HTML', '<html><body>hello</body></html>'],
    ['row 15: protocol 2.0', request('', 'protocol="2.0"')],
    ['row 15: protocol 99', request(app('', {}), 'protocol="99"')],
    ['row 19: no app', request('')],
    ['row 20: a thousand apps', request(app('', { machineid: 'm' }).repeat(300))],
    ['row 21: a thousand events', request(app('<event eventtype="3"/>'.repeat(1000), { machineid: 'm' }))],
    ['row 38: deep nesting', request(deep)],
    ['row 38: many attributes', request(`<app ${Array.from({ length: 500 }, (_, n) => `a${n}="x"`).join(' ')}/>`)],
    [
      'an alias with a quote, as update_engine writes it',
      check.replace(/machinealias="[^"]*"/, 'machinealias="web "01""'),
    ],
  ])('%s', async (_, body) => {
    const before = (await nats.facts()).length;
    const response = await fetch(ingress.url, {
      method: 'POST',
      body: typeof body === 'string' ? body : new Uint8Array(body),
    });
    expect(response.status).toBe(400);
    expect(response.headers.get('connection')).toBe('close');
    expect((await response.text()).length).toBeLessThan(100);
    expect((await nats.facts()).length).toBe(before);
  });
});

describe('accepted', () => {
  test('row 5: two updatechecks and two pings in an app: the first counts, one answer each', async () => {
    const answer = await ingress.post(
      request(app('<ping active="1"/><ping active="0"/><updatecheck/><updatecheck/>', { machineid: newMachine() })),
    );
    expect(answer.body.match(/<updatecheck /g)).toHaveLength(1);
    expect(answer.body.match(/<ping /g)).toHaveLength(1);
  });

  test('row 6: one app twice: two answers in their order', async () => {
    const machine = newMachine();
    const answer = await ingress.post(
      request(
        app('<ping active="1"/>', { machineid: machine }) +
          app('<updatecheck/>', { machineid: machine, appid: sampleApp }),
      ),
    );
    expect(answer.body.match(/appid="[^"]*"/g)).toEqual([`appid="{${sampleApp}}"`, `appid="${sampleApp}"`]);
    expect(await factsOf(machine)).toHaveLength(2);
  });

  test('row 7: an alias of 100 kB: only what is shown is cut', async () => {
    const machine = newMachine();
    const body = request(app('<ping active="1"/>', { machineid: machine, machinealias: 'y'.repeat(100_000) }));
    expect((await ingress.post(body)).status).toBe(200);
    expect((await checkInOf(machine)).alias).toBe('y'.repeat(1024));
  });

  test('row 9: a byte order mark', async () => {
    expect((await ingress.post(`\uFEFF${check}`)).status).toBe(200);
  });

  test.each(['', '3.1'])('row 15: protocol "%s" is handled as 3.0', async (protocol) => {
    const attributes = protocol === '' ? 'version="x"' : `protocol="${protocol}"`;
    const answer = await ingress.post(request(app('<updatecheck/>', { machineid: newMachine() }), attributes));
    expect(answer.body).toContain('<response protocol="3.0"');
    expect(answer.body).toContain('info="up-to-date"');
  });

  test.each([
    ['missing', '<app version="1.0.0" machineid="m"><updatecheck/></app>', ''],
    ['empty', app('<updatecheck/>', { appid: '', machineid: 'm' }), ''],
    ['a path', app('<updatecheck/>', { appid: '../../etc/passwd', machineid: 'm' }), '../../etc/passwd'],
    ['markup', app('<updatecheck/>', { appid: '&lt;b&gt;&quot;', machineid: 'm' }), '&lt;b>&quot;'],
  ])('row 16: an appid that is %s: error-invalidAppId, echoed and escaped', async (_, xml, echo) => {
    const answer = await ingress.post(request(xml));
    expect(answer.status).toBe(200);
    expect(answer.body.replaceAll('&gt;', '>')).toContain(`<app appid="${echo}" status="error-invalidAppId">`);
    expect(answer.body).toContain('<updatecheck status="noupdate"');
  });

  test('row 16: an appid of 10 kB: error-invalidAppId, and the echo is capped', async () => {
    const answer = await ingress.post(request(app('', { appid: 'a'.repeat(10_000), machineid: 'm' })));
    expect(answer.body).toContain('error-invalidAppId');
    expect(answer.body.length).toBeLessThan(1000);
  });

  test('row 17: an unknown application beside a known one: the known one is served', async () => {
    const machine = newMachine();
    const answer = await ingress.post(
      request(
        app('<updatecheck/>', { appid: 'io.example.other', machineid: machine }) +
          app('<updatecheck/>', { machineid: machine }),
      ),
    );
    expect(answer.body).toContain('status="error-unknownApplication"');
    expect(answer.body).toContain('info="up-to-date"');
    expect(await factsOf(machine)).toHaveLength(1);
  });

  test.each([sampleApp.toUpperCase(), `{${sampleApp}}`, ` { ${sampleApp} } `])(
    'row 18: the appid as "%s" is the same application, echoed as sent',
    async (appid) => {
      const answer = await ingress.post(request(app('<updatecheck/>', { appid, machineid: newMachine() })));
      expect(answer.body).toContain(`appid="${appid}" status="ok"`);
      expect(answer.body).toContain('info="up-to-date"');
    },
  );

  test('row 21: 64 events: each is acknowledged and in the log', async () => {
    const machine = newMachine();
    const answer = await ingress.post(
      request(app('<event eventtype="13" eventresult="1"/>'.repeat(64), { machineid: machine })),
    );
    expect(answer.body.match(/<event status="ok"\/>/g)).toHaveLength(64);
    expect((await factsOf(machine)).filter(({ kind }) => kind === 'EventReported')).toHaveLength(64);
  });

  test.each([
    ['eventtype="-7" eventresult="1"', 1],
    ['eventtype="4711" eventresult="-1"', 1],
    ['eventtype="99999999999" eventresult="1"', 0],
    ['eventtype="x" eventresult="1"', 0],
  ])('row 22: an event with %s is acknowledged', async (attributes, stored) => {
    const machine = newMachine();
    const answer = await ingress.post(request(app(`<event ${attributes}/>`, { machineid: machine })));
    expect(answer.body).toContain('<event status="ok"/>');
    expect((await factsOf(machine)).filter(({ kind }) => kind === 'EventReported')).toHaveLength(stored);
  });

  test.each(['99999999999999999999', '-2147219440', '0x10', '1e3', 'z'.repeat(100)])(
    'row 23: an error code "%s" is kept as text',
    async (code) => {
      const machine = newMachine();
      await ingress.post(
        request(app(`<event eventtype="3" eventresult="0" errorcode="${code}"/>`, { machineid: machine })),
      );
      expect((await factsOf(machine))[0]).toMatchObject({ kind: 'EventReported', errorCode: code.slice(0, 32) });
    },
  );

  test.each(['', 'ForcedUpdate', '1', '1.2.3.4.5', '01.2.3', '1.2.3-', '1.0.0+', 'x'.repeat(4000)])(
    'row 24: the version "%s" gets noupdate as invalid, and is visible',
    async (version) => {
      const machine = newMachine();
      expect((await ingress.post(checkOf(machine, { version }))).body).toContain('info="invalid-version"');
      expect((await checkInOf(machine)).answer?.reason).toBe('invalid-version');
    },
  );

  test.each(['9999.0.0', '4081.2.1', '99999999999999999999.0.0'])(
    'row 25: the newer version %s gets noupdate as ahead of its channel',
    async (version) => {
      const machine = newMachine();
      const answer = await ingress.post(checkOf(machine, { version }));
      expect(answer.body).toMatch(/<updatecheck status="noupdate" PollInterval="\d+" info="ahead-of-channel"\/>/);
      expect((await checkInOf(machine)).answer?.reason).toBe('ahead-of-channel');
    },
  );

  test('row 26: no machine id: noupdate, and nothing in the log', async () => {
    const before = (await nats.facts()).length;
    const answer = await ingress.post(checkOf(''));
    expect(answer.body).toContain('info="no-machine-id"');
    expect((await nats.facts()).length).toBe(before);
  });

  test.each([
    ['SQL', "'; drop table instance; --"],
    ['a path', '../../../etc/passwd'],
    ['emoji', '💥💥'],
    ['quotes', '&quot;x&quot;'],
  ])('row 27: a machine id of %s is a name like any other', async (_, machine) => {
    expect((await ingress.post(checkOf(machine))).status).toBe(200);
    expect(await factsOf(machine.replaceAll('&quot;', '"'))).toHaveLength(1);
  });

  test('row 27: a machine id of 5 kB is replaced by its hash', async () => {
    const long = 'm'.repeat(5000);
    expect((await ingress.post(checkOf(long))).status).toBe(200);
    expect((await nats.facts()).at(-1)?.machine).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('row 30: an event of a machine that nobody knows is acknowledged and recorded', async () => {
    const machine = newMachine();
    const answer = await ingress.post(
      request(app('<event eventtype="3" eventresult="1"/>', { machineid: machine, track: 'nowhere' })),
    );
    expect(answer.body).toContain('<event status="ok"/>');
    expect((await factsOf(machine)).map(({ kind }) => kind)).toEqual(['EventReported', 'MachineCheckedIn']);
  });

  test('row 34: bad booleans become their defaults', async () => {
    const answer = await ingress.post(
      request(app('<updatecheck/>', { machineid: newMachine(), delta_okay: 'yes' }), 'protocol="3.0" ismachine="true"'),
    );
    expect(answer.body).toContain('info="up-to-date"');
  });

  test('row 35: impossible days of a ping change nothing', async () => {
    const answer = await ingress.post(
      request(app('<ping active="1" r="-5" ad="99999999"/><updatecheck/>', { machineid: newMachine() })),
    );
    expect(answer.body).toContain('<ping status="ok"/>');
    expect(answer.body).toContain('info="up-to-date"');
  });

  test.each(['86400', '-1', '1e999', 'x'.repeat(1000)])(
    'row 35: a request that says it waited %s seconds is of the time at which it came',
    async (age) => {
      const machine = newMachine();
      const before = Date.now();
      const answer = await ingress.post(checkOf(machine), { 'x-request-age': age });
      expect(answer.body).toContain('info="up-to-date"');
      const { at } = await checkInOf(machine);
      // A process's time never runs backward, so that a correction of the clock may keep it a moment ahead.
      expect(at).toBeGreaterThanOrEqual(before);
      expect(at - Date.now()).toBeLessThan(1000);
    },
  );

  test.each(['1.', '.', 'x'.repeat(4000), '1.2.34$'])(
    'row 36: a version prefix "%s" that does not match gets noupdate',
    async (prefix) => {
      const answer = await ingress.post(
        request(
          app(`<updatecheck targetversionprefix="${prefix}"/>`, { machineid: newMachine(), version: '1000.0.0' }),
        ),
      );
      expect(answer.body).toContain('status="noupdate"');
    },
  );

  test('row 45: a forwarded address is believed of a trusted proxy only, and never makes a URL', async () => {
    const machine = newMachine();
    const headers = { 'x-forwarded-for': '6.6.6.6, 203.0.113.9', 'x-forwarded-host': 'evil.example' };
    const answer = await ingress.post(checkOf(machine), headers);
    expect((await checkInOf(machine)).ip).toBe('203.0.113.9');
    expect(answer.body).not.toContain('evil');
  });

  test('row 46: a syncer is no machine', async () => {
    const machine = newMachine();
    const attributes = 'protocol="3.0" version="CoreOSUpdateEngine-0.1.0.0" installsource="scheduler"';
    await ingress.post(request(app('<updatecheck/>', { machineid: machine, version: '766.0.0' }), attributes));
    expect((await factsOf(machine)).map(({ kind }) => kind)).toEqual(['SyncerCheckedIn']);
  });

  test('row 49: namespaces and prefixes do not matter', async () => {
    const body = `<o:request xmlns:o="urn:x" protocol="3.0"><o:app appid="${sampleApp}" version="4081.2.0" track="stable" machineid="${newMachine()}"><o:updatecheck/></o:app></o:request>`;
    expect((await ingress.post(body)).body).toContain('info="up-to-date"');
  });

  test.each(['nowhere', '', 'STABLE', sampleGroup])(
    'row 50: the track "%s", which leads nowhere, gets noupdate and stays visible',
    async (track) => {
      const machine = newMachine();
      expect((await ingress.post(checkOf(machine, { track }))).body).toContain('info="unknown-group"');
      expect(await checkInOf(machine)).toMatchObject({ track, group: null, channel: null, rollout: null });
    },
  );

  test.each(['stable&#x202E;', 'stable\u200B', '\u009B2Jstable', '&#x2066;'])(
    'row 50: the track "%s", whose characters are not seen, leads nowhere and is kept as it was said',
    async (track) => {
      const machine = newMachine();
      const { status, body } = await ingress.post(checkOf(machine, { track }));
      expect([status, body]).toEqual([200, expect.stringContaining('info="unknown-group"')]);
      const said = track.replace(/&#x?([0-9A-F]+);/, (_, code: string) =>
        String.fromCodePoint(Number.parseInt(code, 16)),
      );
      expect(await checkInOf(machine)).toMatchObject({ track: said, group: null });
    },
  );

  test('row 50: a track that has no group of the machine’s arch leads nowhere', async () => {
    const machine = newMachine();
    const answer = await ingress.post(checkOf(machine, { board: 'arm64-usr' }));
    expect(answer.body).toContain('<updatecheck status="noupdate"');
    expect(answer.body).toContain('info="unknown-group"');
    expect(await checkInOf(machine)).toMatchObject({ track: 'stable', arch: 'arm64', group: null });
  });

  test('row 50: a group of another application, named by its id, is not reached', async () => {
    const [other, foreign] = ['00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000a2'];
    const snapshot = sampleSnapshot();
    await nats.publish({
      ...snapshot,
      application: { ...snapshot.application, id: other, name: 'Other', productId: 'io.example.other-app' },
      groups: snapshot.groups.map((group) => ({ ...group, id: foreign, track: foreign })),
    });
    const asOther = () =>
      ingress.post(checkOf(newMachine(), { track: foreign, appid: 'io.example.other-app', version: '1000.0.0' }));
    await vi.waitFor(async () => expect((await asOther()).body).toContain('info="policy-unavailable"'), {
      timeout: 20_000,
      interval: 20,
    });
    const machine = newMachine();
    expect((await ingress.post(checkOf(machine, { track: foreign }))).body).toContain('info="unknown-group"');
    expect(await checkInOf(machine)).toMatchObject({ app: sampleApp, track: foreign, group: null });
  });
});
