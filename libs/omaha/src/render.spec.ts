import * as fc from 'fast-check';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { describe, expect, it } from 'vitest';
import { escapeAttribute } from './escape.js';
import { renderResponse, toDayStart } from './render.js';
import type { Manifest, OmahaResponse, PostinstallAction, ResponseApp, UpdateOffer } from './response.js';

const now = Date.UTC(2026, 10, 22, 13, 36, 48);

const action: PostinstallAction = {
  sha256: 'B64SHA256',
  disablePayloadBackoff: true,
  isDelta: false,
  needsAdmin: false,
  displayVersion: null,
  metadataSignatureRsa: null,
  metadataSize: null,
  deadline: null,
};

const manifest: Manifest = {
  version: '4081.2.0',
  packages: [
    { name: 'flatcar_production_update.gz', sha1: 'B64SHA1', sha256: null, size: 382_137_917, required: true },
    { name: 'oem-azure.gz', sha1: 'B64SHA1', sha256: 'hexsha256', size: 40_897_503, required: false },
  ],
  action,
  floorReason: null,
  isTarget: false,
};

function offer(manifests: Manifest[]): UpdateOffer {
  return {
    status: 'ok',
    pollIntervalSeconds: 2700,
    codebases: ['https://cdn.example/flatcar/amd64-usr/4081.2.0/'],
    manifests,
  };
}

function served(updateCheck: UpdateOffer): OmahaResponse {
  return { now, apps: [{ appid: '{X}', status: 'ok', ping: true, events: 1, updateCheck }] };
}

describe('the canonical answer', () => {
  it('offers an update in the order that every client reads', () => {
    expect(renderResponse(served(offer([manifest])))).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<response protocol="3.0" server="platte">
  <daystart elapsed_seconds="49008" elapsed_days="7265"/>
  <app appid="{X}" status="ok">
    <ping status="ok"/>
    <updatecheck status="ok" PollInterval="2700">
      <urls><url codebase="https://cdn.example/flatcar/amd64-usr/4081.2.0/"/></urls>
      <manifest version="4081.2.0">
        <packages>
          <package name="flatcar_production_update.gz" hash="B64SHA1" size="382137917" required="true"/>
          <package name="oem-azure.gz" hash="B64SHA1" hash_sha256="hexsha256" size="40897503" required="false"/>
        </packages>
        <actions><action event="postinstall" sha256="B64SHA256" DisablePayloadBackoff="true" MaxFailureCountPerUrl="2"/></actions>
      </manifest>
    </updatecheck>
    <event status="ok"/>
  </app>
</response>
`);
  });

  it('says no with application status ok, the interval, and the reason for people', () => {
    const updateCheck = { status: 'noupdate' as const, pollIntervalSeconds: 14_400, info: 'rate-limited' };
    const xml = renderResponse({ now, apps: [{ appid: 'x', status: 'ok', ping: false, events: 0, updateCheck }] });
    expect(xml).toContain(
      '<app appid="x" status="ok">\n    <updatecheck status="noupdate" PollInterval="14400" info="rate-limited"/>\n  </app>',
    );
  });

  it('marks floors and the target for a syncer', () => {
    const floor = { ...manifest, version: '4000.0.0', floorReason: 'new <boot> "layout"' };
    const xml = renderResponse(served(offer([floor, { ...manifest, floorReason: 'too', isTarget: true }])));
    expect(xml).toContain(
      '<manifest version="4000.0.0" is_floor="true" floor_reason="new &lt;boot&gt; &quot;layout&quot;">',
    );
    expect(xml).toContain('<manifest version="4081.2.0" is_floor="true" floor_reason="too" is_target="true">');
  });

  it('keeps the mark of a floor whose reason is empty', () => {
    expect(renderResponse(served(offer([{ ...manifest, floorReason: '' }])))).toContain(
      ' is_floor="true" floor_reason=""',
    );
  });

  it('copies what an imported action carries', () => {
    const imported = {
      ...action,
      disablePayloadBackoff: false,
      isDelta: true,
      needsAdmin: true,
      displayVersion: '4081',
      metadataSignatureRsa: 'sig',
      metadataSize: '100',
      deadline: 'now',
    };
    expect(renderResponse(served(offer([{ ...manifest, action: imported }])))).toContain(
      '<action event="postinstall" DisplayVersion="4081" sha256="B64SHA256" needsadmin="true" IsDeltaPayload="true" ' +
        'MaxFailureCountPerUrl="2" MetadataSignatureRsa="sig" MetadataSize="100" deadline="now"/>',
    );
  });

  it('leaves out the action of a package that has none', () => {
    expect(renderResponse(served(offer([{ ...manifest, action: null }])))).not.toContain('action');
  });
});

describe('the day', () => {
  it.each([
    ['2007-01-01T00:00:00Z', 0, 0],
    ['2007-01-01T23:59:59.999Z', 0, 86_399],
    ['2007-01-02T00:00:00Z', 1, 0],
    ['2026-11-22T13:36:48Z', 7265, 49_008],
    ['1999-01-01T00:00:00Z', 0, 0],
  ])('%s is day %d, second %d', (time, elapsedDays, elapsedSeconds) => {
    expect(toDayStart(Date.parse(time))).toEqual({ elapsedDays, elapsedSeconds });
  });
});

const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const hash = fc.option(fc.base64String({ minLength: 1, maxLength: 44 }));

const anyAction: fc.Arbitrary<PostinstallAction> = fc.record({
  sha256: fc.base64String({ minLength: 4 }),
  disablePayloadBackoff: fc.boolean(),
  isDelta: fc.boolean(),
  needsAdmin: fc.boolean(),
  displayVersion: fc.option(text),
  metadataSignatureRsa: fc.option(text),
  metadataSize: fc.option(text),
  deadline: fc.option(text),
});

const anyManifest: fc.Arbitrary<Manifest> = fc.record({
  version: text,
  packages: fc.array(
    fc.record({ name: text, size: fc.maxSafeNat(), required: fc.boolean(), sha1: hash, sha256: hash }),
    { minLength: 1, maxLength: 3 },
  ),
  action: fc.option(anyAction),
  floorReason: fc.option(text),
  isTarget: fc.boolean(),
});

const noUpdate = fc.record({ status: fc.constant('noupdate' as const), pollIntervalSeconds: fc.nat(), info: text });
const anyOffer = fc.record({
  status: fc.constant('ok' as const),
  pollIntervalSeconds: fc.nat(),
  codebases: fc.array(text, { minLength: 1, maxLength: 3 }),
  manifests: fc.array(anyManifest, { minLength: 1, maxLength: 3 }),
});

const acknowledged = { appid: text, ping: fc.boolean(), events: fc.nat(3) };
const anyApp: fc.Arbitrary<ResponseApp> = fc.oneof(
  fc.record({
    ...acknowledged,
    status: fc.constant('ok' as const),
    updateCheck: fc.option(fc.oneof(noUpdate, anyOffer)),
  }),
  fc.record({
    ...acknowledged,
    status: fc.constantFrom('error-unknownApplication' as const, 'error-invalidAppId' as const, 'restricted' as const),
    updateCheck: fc.option(noUpdate),
  }),
);

describe('what is rendered', () => {
  it('parses with an independent parser and reads back the same', () => {
    fc.assert(
      fc.property(fc.array(anyApp, { maxLength: 3 }), fc.nat(4e12), (apps, at) => {
        const xml = renderResponse({ now: at, apps });
        expect(readApps(xml)).toEqual(apps.map(readable));
      }),
      { numRuns: 500 },
    );
  });

  it('escapes any text so that it reads back the same, or as U+FFFD where XML has no way to say it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (value) => {
        const xml = `<a b="${escapeAttribute(value)}"/>`;
        expect(xml).not.toMatch(/[\n\r\t]/);
        expect(readAttributes(xml)[0]?.attributes['b']).toBe(
          value.replaceAll(/[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD'),
        );
      }),
      { numRuns: 1000 },
    );
    expect(escapeAttribute('a\uD800b\uDC00\u0000')).toBe('a\uFFFDb\uFFFD\uFFFD');
  });
});

/** What a reader must find of an application. */
interface Readable {
  appid: string;
  status: string;
  pings: number;
  events: number;
  check: Record<string, string> | null;
  codebases: (string | undefined)[];
  manifests: Record<string, string>[];
  packages: Record<string, string>[];
  actions: Record<string, string>[];
}

function readable(app: ResponseApp): Readable {
  const check = app.updateCheck;
  const offered = check?.status === 'ok' ? check : null;
  return {
    appid: app.appid,
    status: app.status,
    pings: app.ping ? 1 : 0,
    events: app.events,
    check:
      check === null
        ? null
        : {
            status: check.status,
            PollInterval: String(check.pollIntervalSeconds),
            ...(check.status === 'noupdate' ? given({ info: check.info }) : {}),
          },
    codebases: [...(offered?.codebases ?? [])],
    manifests: (offered?.manifests ?? []).map((one) => ({
      version: one.version,
      ...(one.floorReason === null ? {} : { is_floor: 'true', floor_reason: one.floorReason }),
      ...(one.isTarget ? { is_target: 'true' } : {}),
    })),
    packages: (offered?.manifests ?? []).flatMap((one) =>
      one.packages.map((file) => ({
        ...given({ name: file.name, hash: file.sha1, hash_sha256: file.sha256 }),
        size: String(file.size),
        required: String(file.required),
      })),
    ),
    actions: (offered?.manifests ?? []).flatMap((one) => (one.action === null ? [] : [readableAction(one.action)])),
  };
}

function readableAction(one: PostinstallAction): Record<string, string> {
  return {
    event: 'postinstall',
    MaxFailureCountPerUrl: '2',
    ...given({
      DisplayVersion: one.displayVersion,
      sha256: one.sha256,
      needsadmin: one.needsAdmin ? 'true' : null,
      IsDeltaPayload: one.isDelta ? 'true' : null,
      DisablePayloadBackoff: one.disablePayloadBackoff ? 'true' : null,
      MetadataSignatureRsa: one.metadataSignatureRsa,
      MetadataSize: one.metadataSize,
      deadline: one.deadline,
    }),
  };
}

/** Without what is null or empty. */
function given(attributes: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

function readAttributes(xml: string): SaxesTagPlain[] {
  const tags: SaxesTagPlain[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => void tags.push(tag));
  parser.write(xml).close();
  return tags;
}

function readApps(xml: string): Readable[] {
  const apps: Readable[] = [];
  for (const { name, attributes } of readAttributes(xml)) {
    const app = apps.at(-1);
    if (name === 'app') apps.push(emptyApp(attributes));
    if (app === undefined) continue;
    if (name === 'ping') app.pings++;
    if (name === 'event') app.events++;
    if (name === 'updatecheck') app.check = attributes;
    if (name === 'url') app.codebases.push(attributes['codebase']);
    if (name === 'manifest') app.manifests.push(attributes);
    if (name === 'package') app.packages.push(attributes);
    if (name === 'action') app.actions.push(attributes);
  }
  return apps;
}

function emptyApp({ appid, status }: Record<string, string>): Readable {
  const nothing = { pings: 0, events: 0, check: null, codebases: [], manifests: [], packages: [], actions: [] };
  return { appid: appid ?? '', status: status ?? '', ...nothing };
}
