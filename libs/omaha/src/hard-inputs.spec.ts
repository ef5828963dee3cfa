// Each row of the table of hard inputs that concerns the codec, by its number, with its answer. Rows that concern HTTP are
// the ingress's, rows about what is decided are rollout's.
import { describe, expect, it } from 'vitest';
import { limits } from './limits.js';
import { parseRequest } from './parse.js';
import { isSyncer, resolveTrack } from './recognise.js';
import { parseByReference } from './reference.js';
import { renderResponse } from './render.js';
import type { Malformed, ParsedRequest, RequestApp } from './request.js';
import { scanRequest } from './scanner.js';
import { doubtedAttributes } from './values.js';

const encoder = new TextEncoder();

function parse(text: string | Uint8Array): ParsedRequest | Malformed {
  return parseRequest(typeof text === 'string' ? encoder.encode(text) : text);
}

function causeOf(text: string | Uint8Array): string {
  const parsed = parse(text);
  return parsed.kind === 'malformed' ? parsed.cause : 'accepted';
}

function accepted(text: string | Uint8Array): ParsedRequest {
  const parsed = parse(text);
  if (parsed.kind === 'malformed') throw new Error(`refused: ${parsed.cause}`);
  return parsed;
}

/** The only application of a request with these attributes and children. */
function app(attributes: string, children = ''): RequestApp {
  return accepted(`<request protocol="3.0"><app ${attributes}>${children}</app></request>`).apps[0]!;
}

/** A request whose application id is these bytes. */
function bytes(...codes: number[]): Uint8Array {
  const [head, tail] = ['<request protocol="3.0"><app appid="', '"/></request>'].map((text) => encoder.encode(text));
  return Uint8Array.from([...head!, ...codes, ...tail!]);
}

/** An attribute; children of the app, its attributes, those of the request, what stands before the app. */
const badValues: readonly [name: string, children: string, more?: string, own?: string, os?: string][] = [
  ['active', '<ping active="yes"/>'],
  ['a', '<ping a="-2"/>'],
  ['r', '<ping r="x"/>'],
  ['ad', '<ping ad="-3"/>'],
  ['rd', '<ping rd="40000"/>'],
  ['eventtype', '<event eventtype="x"/>'],
  ['eventresult', '<event eventresult="2147483648"/>'],
  ['rollback_allowed', '<updatecheck rollback_allowed="1"/>'],
  ['sameversionupdate', '<updatecheck sameversionupdate="TRUE"/>'],
  ['updatedisabled', '<updatecheck updatedisabled="yes"/>'],
  ['delta_okay', '', 'delta_okay="1"'],
  ['multi_manifest_ok', '', 'multi_manifest_ok="yes"'],
  ['ismachine', '', '', 'ismachine="yes"'],
  ['arch', '', '', '', '<os arch="riscv"/>'],
];

const inRequest = (inner: string) => `<request protocol="3.0">${inner}</request>`;
const plain = inRequest('<app appid="x"/>');

describe('what is no request is refused with a cause', () => {
  const bomb = `<!DOCTYPE r [<!ENTITY a "${'x'.repeat(100)}"><!ENTITY b "&a;&a;&a;&a;">]><request protocol="&b;"/>`;
  const external = '<!DOCTYPE r [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><request/>';
  const utf16 = Uint8Array.from([0xff, 0xfe, ...Array.from(plain).flatMap((letter) => [letter.charCodeAt(0), 0])]);
  const deep = `${'<x>'.repeat(20)}${'</x>'.repeat(20)}`;
  const attributes = Array.from({ length: 129 }, (_, n) => ` a${n}="1"`).join('');

  it.each<[row: string, body: string | Uint8Array, cause: string]>([
    ['row 1: an entity bomb', bomb, 'doctype'],
    ['row 1: any DOCTYPE', `<!DOCTYPE request>${plain}`, 'doctype'],
    ['row 1: an ENTITY without DOCTYPE', `<!ENTITY a "b">${plain}`, 'doctype'],
    ['row 2: an external entity', external, 'doctype'],
    ['row 3: an undefined entity', inRequest('<app appid="&foo;"/>'), 'not-well-formed'],
    ['row 3: an entity of HTML', inRequest('<app appid="&nbsp;"/>'), 'not-well-formed'],
    ['row 4: a duplicate attribute', inRequest('<app appid="x" appid="y"/>'), 'duplicate-attribute'],
    ['row 4: a duplicate but for its prefix', inRequest('<app appid="x" o:appid="y"/>'), 'duplicate-attribute'],
    ['row 8: a declared ISO-8859-1', `<?xml version="1.0" encoding="ISO-8859-1"?>${plain}`, 'foreign-encoding'],
    ['row 8: a declared UTF-16', `<?xml version="1.0" encoding="UTF-16"?>${plain}`, 'foreign-encoding'],
    ['row 8: UTF-16 with its mark', utf16, 'invalid-utf8'],
    ['row 10: invalid UTF-8', bytes(0xff), 'invalid-utf8'],
    ['row 10: an overlong slash', bytes(0xc0, 0xaf), 'invalid-utf8'],
    ['row 10: half a surrogate pair', bytes(0xed, 0xa0, 0x80), 'invalid-utf8'],
    ['row 11: a NUL byte', bytes(0), 'control-character'],
    ['row 11: a control character', bytes(0x1b), 'control-character'],
    ['row 11: a reference to NUL', inRequest('<app appid="&#0;"/>'), 'not-well-formed'],
    ['row 11: a reference to a control character', inRequest('<app appid="&#x1b;"/>'), 'not-well-formed'],
    ['row 12: an empty body', '', 'empty'],
    ['row 12: only whitespace', ' \r\n\t ', 'empty'],
    ['row 12: a cut request', plain.slice(0, -4), 'truncated'],
    ['row 12: a request without its end', inRequest('<app>').slice(0, -10), 'truncated'],
    ['row 13: a second document', `${plain}${plain}`, 'not-well-formed'],
    ['row 13: garbage behind the end', `${plain} x`, 'not-well-formed'],
    ['row 14: a response', '<response protocol="3.0"><app appid="x"/></response>', 'wrong-root'],
    ['row 14: another case', '<Request protocol="3.0"><app appid="x"/></Request>', 'wrong-root'],
    ['row 14: HTML', '<html><body>hello</body></html>', 'wrong-root'],
    ['row 15: protocol 2.0', '<request protocol="2.0"><app appid="x"/></request>', 'unsupported-protocol'],
    ['row 15: protocol 99', '<request protocol="99"><app appid="x"/></request>', 'unsupported-protocol'],
    ['row 15: the root of protocol 2.0', '<o:gupdate xmlns:o="u" protocol="2.0"/>', 'wrong-root'],
    ['row 19: no application', inRequest('<os/>'), 'no-apps'],
    ['row 20: a thousand applications', inRequest('<app appid="x"/>'.repeat(1000)), 'too-many-apps'],
    ['row 20: one application too many', inRequest('<app appid="x"/>'.repeat(65)), 'too-many-apps'],
    ['row 21: ten thousand events', inRequest(`<app appid="x">${'<event/>'.repeat(10_000)}</app>`), 'too-many-nodes'],
    ['row 21: nine thousand events', inRequest(`<app appid="x">${'<event/>'.repeat(9000)}</app>`), 'too-many-events'],
    ['row 21: one event too many', inRequest(`<app appid="x">${'<event/>'.repeat(65)}</app>`), 'too-many-events'],
    ['row 38: deep nesting', inRequest(deep), 'too-deep'],
    ['row 38: very deep nesting', '<x>'.repeat(40_000), 'too-deep'],
    ['row 38: many attributes', inRequest(`<app${attributes}/>`), 'too-many-attributes'],
    ['row 38: many elements', inRequest('<x/>'.repeat(25_000)), 'too-many-nodes'],
    ['row 38: many attributes on many elements', inRequest('<x a="1" b="2" c="3"/>'.repeat(3000)), 'too-many-nodes'],
    ['row 38: many comments', inRequest('<!---->'.repeat(5000) + '<x/>'.repeat(5000)), 'too-many-nodes'],
    ['row 38: a processing instruction', `<?x ${'y'.repeat(1000)}?>${plain}`, 'processing-instruction'],
    ['a JSON client, which gets 415', ' {"request":{}}', 'json'],
    [
      'an unescaped quote in an alias, as update_engine sends it',
      inRequest('<app machinealias="web "01""/>'),
      'not-well-formed',
    ],
    ['an unescaped ampersand, as shell clients send it', inRequest('<app machinealias="a&b"/>'), 'not-well-formed'],
    ['a second byte order mark', `\uFEFF\uFEFF${plain}`, 'not-well-formed'],
    ['XML 1.1', `<?xml version="1.1"?>${plain}`, 'not-well-formed'],
    ['a name that would reach into the reader', inRequest('<__proto__/><app appid="x"/>'), 'reserved-name'],
  ])('%s', (_row, body, cause) => {
    expect(causeOf(body)).toBe(cause);
  });

  it('row 38: the worst bodies of 128 KiB are answered at once', () => {
    const worst = ['<x>', '<x/>', '<!---->', ' a="1"', '&amp;', '<app/>', '<![CDATA[]]>', ']', '"', '&#x', '<event/>'];
    const bodies = worst.flatMap((part) => {
      const many = part.repeat(Math.floor(limits.bodyBytesMax / part.length));
      return [many, inRequest(many), inRequest(`<app appid="${many}"/>`), inRequest(`<app appid="x">${many}</app>`)];
    });
    const start = performance.now();
    for (const body of bodies) parse(body);
    expect((performance.now() - start) / bodies.length).toBeLessThan(250);
  });
});

describe('what is unusual is read', () => {
  it('row 5: the first updatecheck and the first ping count', () => {
    const read = app(
      'appid="x"',
      '<ping active="0"/><updatecheck targetversionprefix="1."/><ping active="1"/><updatecheck/>',
    );
    expect(read.ping?.active).toBe(false);
    expect(read.updateCheck?.targetVersionPrefix).toBe('1.');
  });

  it('row 6: the same application twice stays twice, in order', () => {
    const read = accepted(inRequest('<app appid="x" version="1.0.0"/><app appid="x" version="2.0.0"/>'));
    expect(read.apps.map(({ id, version }) => `${id} ${version}`)).toEqual(['x 1.0.0', 'x 2.0.0']);
  });

  it('row 7: a long alias is cut for display', () => {
    expect(app(`appid="x" machinealias="${'a'.repeat(100_000)}"`).alias).toHaveLength(limits.shownCharsMax);
    expect(app(`appid="x" oem="${'😀'.repeat(1000)}"`).oem).toBe('😀'.repeat(512));
    expect(app(`appid="x" oem="a${'😀'.repeat(1000)}"`).oem).toBe(`a${'😀'.repeat(511)}`);
  });

  it('row 7: an id is never cut, so that two machines never become one', () => {
    const [one, other] = ['a'.repeat(5000), `${'a'.repeat(4999)}b`].map(
      (id) => app(`appid="x" machineid="${id}"`).machineId,
    );
    expect(one).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(one).not.toBe(other);
    expect(app(`appid="x" machineid="${'a'.repeat(128)}"`).machineId).toBe('a'.repeat(128));
  });

  it('row 9: a byte order mark is no part of the text', () => {
    expect(accepted(`\uFEFF${plain}`).apps).toHaveLength(1);
    expect(accepted(`\uFEFF<?xml version="1.0" encoding="utf-8"?>\n${plain}`).apps).toHaveLength(1);
  });

  it.each(['3.0', '3.1', ''])('row 15: protocol "%s" is read as 3.0', (protocol) => {
    expect(accepted(`<request protocol="${protocol}"><app appid="x"/></request>`).apps).toHaveLength(1);
  });

  it('row 15: a missing protocol is read as 3.0', () => {
    expect(accepted('<request><app appid="x"/></request>').protocol).toBe('');
  });

  it.each([
    ['', 'version="1"'],
    ['', 'appid=""'],
    ['', 'appid="  "'],
    ['', 'appid="{}"'],
    ['', 'appid="../../etc/passwd"'],
    ['', 'appid="a..b"'],
    ['', 'appid="a/b"'],
    ['', 'appid="{{}}"'],
    ['', `appid="${'a'.repeat(10_240)}"`],
  ])('row 16: %sno application is named by %s', (_none, attributes) => {
    expect(app(attributes).id).toBe('');
  });

  it('row 16: the echo of a long application id is short', () => {
    expect(app(`appid="${'a'.repeat(10_240)}"`).appid).toHaveLength(limits.appIdCharsMax);
  });

  it.each([
    '{e96281a6-d1af-4bde-9a0a-97b76e56dc57}',
    'e96281a6-d1af-4bde-9a0a-97b76e56dc57',
    'E96281A6-D1AF-4BDE-9A0A-97B76E56DC57',
    ' { E96281a6-d1af-4bde-9a0a-97b76e56dc57 } ',
  ])('row 18: "%s" is the same application, echoed as it came', (appid) => {
    expect(app(`appid="${appid}"`)).toMatchObject({ appid, id: 'e96281a6-d1af-4bde-9a0a-97b76e56dc57' });
  });

  it('row 18: of nested braces one pair goes, so that it names an unknown application', () => {
    expect(app('appid="{{io.example.agent}}"').id).toBe('{io.example.agent}');
  });

  it('row 18: a product id is normalised alike', () => {
    expect(app('appid="{Io.Example.Agent}"').id).toBe('io.example.agent');
  });

  it('row 20: 64 applications are read', () => {
    expect(accepted(inRequest('<app appid="x"/>'.repeat(64))).apps).toHaveLength(64);
  });

  it('row 21: 64 events are read', () => {
    expect(app('appid="x"', '<event eventtype="13" eventresult="1"/>'.repeat(64)).events).toHaveLength(64);
  });

  it('row 21: all events of a request fit one message of facts', () => {
    const sixty = `<app appid="x">${'<event/>'.repeat(60)}</app>`;
    expect(accepted(inRequest(sixty.repeat(4))).apps).toHaveLength(4);
    expect(causeOf(inRequest(sixty.repeat(5)))).toBe('too-many-events');
  });

  it.each([
    ['-1', '1', { type: -1, result: 1, isRecordable: true }],
    ['77', '99', { type: 77, result: 99, isRecordable: true }],
    ['2147483647', '1', { type: 2147483647, result: 1, isRecordable: true }],
    ['2147483648', '1', { type: 0, result: 1, isRecordable: false }],
    ['99999999999999', '1', { type: 0, result: 1, isRecordable: false }],
    ['3', 'abc', { type: 3, result: 0, isRecordable: false }],
    ['1e3', '1', { type: 0, result: 1, isRecordable: false }],
    ['0x3', '1', { type: 0, result: 1, isRecordable: false }],
    ['', '', { type: 0, result: 0, isRecordable: true }],
  ])('row 22: event type "%s" with result "%s"', (type, result, expected) => {
    const [event] = app('appid="x"', `<event eventtype="${type}" eventresult="${result}"/>`).events;
    expect(event).toMatchObject(expected);
  });

  it.each(['99999999999999999999', '-2147219440', '0x10', '', '1e3'])(
    'row 23: error code "%s" is kept as text',
    (code) => {
      expect(app('appid="x"', `<event errorcode="${code}"/>`).events[0]?.errorCode).toBe(code);
    },
  );

  it('row 23: the text of an error code is at most 32 characters', () => {
    expect(app('appid="x"', `<event errorcode="${'9'.repeat(500)}"/>`).events[0]?.errorCode).toHaveLength(32);
  });

  it.each(['', 'ForcedUpdate', '1', '1.2.3.4.5', '01.2.3', '1.2.3-', '99999999999999999999.0.0', '1.0.0+'])(
    'row 24: version "%s" is kept as it came',
    (version) => {
      expect(app(`appid="x" version="${version}"`).version).toBe(version);
    },
  );

  it('row 24: a version of 4 kB cannot be mistaken for a shorter one', () => {
    const { version } = app(`appid="x" version="1.2.3+${'a'.repeat(4096)}"`);
    expect(version).toHaveLength(limits.wordCharsMax);
    expect(version.endsWith('…')).toBe(true);
  });

  it.each(['', 'machineid=""', 'machineid="  "'])('row 26: no machine id from "%s"', (attribute) => {
    expect(app(`appid="x" ${attribute}`).machineId).toBe('');
  });

  it.each([
    ["Robert'); drop table instance;--", "Robert'); drop table instance;--"],
    ['&quot;quoted&quot;', '"quoted"'],
    ['🚀', '🚀'],
    ['../../x', '../../x'],
    ['a&#10;b&#13;c&#9;d\ne', 'a b c d e'],
  ])('row 27: machine id %j is text like any other, without raw newlines', (id, read) => {
    expect(app(`appid="x" machineid="${id}"`).machineId).toBe(read);
  });

  it.each(['TRUE', '1', 'yes'])('row 34: delta_okay="%s" is not true, and counted', (value) => {
    const read = accepted(inRequest(`<app appid="x" delta_okay="${value}"/>`));
    expect(read.apps[0]?.deltaOkay).toBe(false);
    expect(read.questionable).toEqual(['delta_okay']);
  });

  it('row 34: ismachine="true" is its default, and counted', () => {
    const read = accepted('<request protocol="3.0" ismachine="true"><app appid="x"/></request>');
    expect([read.isMachine, read.questionable]).toEqual([false, ['ismachine']]);
  });

  it.each(badValues)(
    'row 34: a bad value of %s is its default, and counted by its name',
    (name, children, more = '', own = '', os = '') => {
      const body = `<request protocol="3.0" ${own}>${os}<app appid="x" ${more}>${children}</app></request>`;
      expect(accepted(body).questionable).toEqual([name]);
      const reference = parseByReference(encoder.encode(body));
      expect(reference.kind === 'request' && reference.questionable).toEqual([name]);
    },
  );

  it('row 34: no attribute that can be doubted is left out', () => {
    expect(badValues.map(([name]) => name).toSorted()).toEqual(doubtedAttributes.toSorted());
  });

  it('row 35: impossible days are ignored and counted, -1 is never, -2 is unknown', () => {
    const read = accepted(inRequest('<app appid="x"><ping active="1" r="-5" a="-1" ad="99999999" rd="-2"/></app>'));
    expect(read.apps[0]?.ping).toEqual({
      active: true,
      daysSinceActive: -1,
      daysSincePing: null,
      lastActiveDay: null,
      lastPingDay: null,
    });
    expect(read.questionable).toEqual(['ad', 'r']);
  });

  it.each(['1.', '.', '1.2.34$'])('row 36: target version prefix "%s" is handed on as it came', (prefix) => {
    expect(app('appid="x"', `<updatecheck targetversionprefix="${prefix}"/>`).updateCheck?.targetVersionPrefix).toBe(
      prefix,
    );
  });

  it('row 36: a prefix of 4 kB matches nothing', () => {
    const check = app('appid="x"', `<updatecheck targetversionprefix="${'1.'.repeat(2048)}"/>`).updateCheck;
    expect(check?.targetVersionPrefix).toMatch(/^[1.]{254}…$/);
  });

  it('row 37: a secret token is not kept at all', () => {
    const read = accepted(inRequest('<app appid="x"><updatecheck tttoken="s3cret"/></app>'));
    expect(JSON.stringify(read)).not.toContain('s3cret');
  });

  it('row 38: a big comment or CDATA section is skipped', () => {
    const big = 'x'.repeat(100_000);
    expect(accepted(inRequest(`<!--${big}--><app appid="x"/>`)).apps).toHaveLength(1);
    expect(accepted(inRequest(`<![CDATA[${big}]]><app appid="x"/>`)).apps).toHaveLength(1);
  });

  it.each([
    ['CoreOSUpdateEngine-0.1.0.0', 'scheduler', true],
    ['update_engine-0.4.10', 'scheduler', false],
    ['CoreOSUpdateEngine-0.1.0.0', 'ondemandupdate', false],
  ])('row 46: %s with %s is a syncer: %s', (version, source, expected) => {
    const text = `<request protocol="3.0" version="${version}" installsource="${source}"><app appid="x"/></request>`;
    expect(isSyncer(accepted(text))).toBe(expected);
  });

  it('row 49: prefixes and namespaces do not matter', () => {
    const read = accepted(
      '<o:request xmlns:o="u" o:protocol="3.0"><o:app o:appid="x"><o:event o:eventtype="3"/></o:app></o:request>',
    );
    expect(read.apps[0]).toMatchObject({ id: 'x', events: [{ type: 3 }] });
  });

  it('row 50: only an old group id of the same arch becomes a track', () => {
    expect(resolveTrack('{9A2DEB70-37BE-4026-853F-BFDD6B347BBE}', 'amd64')).toBe('stable');
    expect(resolveTrack('9a2deb70-37be-4026-853f-bfdd6b347bbe', 'arm64')).toBe('9a2deb70-37be-4026-853f-bfdd6b347bbe');
    expect(resolveTrack('Stable', 'amd64')).toBe('Stable');
  });
});

describe('row 17: an unknown application', () => {
  it('does not silence the others', () => {
    const xml = renderResponse({
      now: 0,
      apps: [
        { appid: '"><evil', status: 'error-unknownApplication', ping: false, events: 1, updateCheck: null },
        { appid: 'b', status: 'ok', ping: true, events: 0, updateCheck: null },
      ],
    });
    expect(xml).toContain(
      '<app appid="&quot;&gt;&lt;evil" status="error-unknownApplication">\n    <event status="ok"/>',
    );
    expect(xml).toContain('<app appid="b" status="ok">\n    <ping status="ok"/>');
  });
});

describe('unknown parts', () => {
  it('are ignored, in any order', () => {
    const text = inRequest(
      '<x y="1"><app appid="no"/></x><app z="1" appid="x"><data name="install"/><ping/></app><os sp="s"/>',
    );
    expect(accepted(text)).toMatchObject({ os: { sp: 's' }, apps: [{ id: 'x', ping: { active: false } }] });
    expect(scanRequest(encoder.encode(text)).kind).toBe('declined');
    expect(parseByReference(encoder.encode(text)).kind).toBe('request');
  });
});
