import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequest, scanRequest } from '@platte/omaha';
import { findDisagreement } from './agreement.js';
import { fuzz } from './fuzz.js';
import { applyMutations, mutationKinds } from './mutate.js';
import { readRecordings, readRegressions } from './recordings.js';

const recordings = readRecordings();

const mutation = fc.record({
  kind: fc.constantFrom(...mutationKinds),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  length: fc.nat(64),
  pick: fc.nat(65_535),
});

/** Every attribute that the scanner knows. */
const known = {
  os: 'version platform sp arch'.split(' '),
  hw: 'sse sse2 sse3 ssse3 sse41 sse42 avx physmemory'.split(' '),
  app: 'appid version track bootid oem oemversion alephversion machineid machinealias lang board delta_okay multi_manifest_ok hardware_class from_track nextversion brand client ap tag iid installage installdate experiments enabled fp release_channel installsource ismachine cohort cohorthint cohortname fw_version ec_version from_version fingerprint os_build_type requisition'.split(
    ' ',
  ),
  ping: 'active a r ad rd ping_freshness'.split(' '),
  updatecheck: 'targetversionprefix rollback_allowed sameversionupdate updatedisabled'.split(' '),
  event:
    'eventtype eventresult previousversion errorcode nextversion extracode1 errorcat previousfp nextfp download_time_ms downloaded total downloader url update_check_time_ms install_time_ms source_url_index state_cancelled time_since_update_available_ms time_since_download_start_ms'.split(
      ' ',
    ),
};

function leaf(name: string, attributes: string[]): string {
  return `<${name}${attributes.map((attribute) => ` ${attribute}="1"`).join('')}/>`;
}

describe('the two parsers', () => {
  it.each(recordings)('read $name alike, the scanner without help', ({ body }) => {
    expect(scanRequest(body).kind).toBe('request');
    expect(findDisagreement(body)).toBeUndefined();
  });

  it('read any damaged recording alike, or the scanner declines', () => {
    const damaged = fc
      .tuple(fc.constantFrom(...recordings), fc.array(mutation, { minLength: 1, maxLength: 8 }))
      .map(([{ body }, mutations]) => applyMutations(body, mutations));
    fc.assert(
      fc.property(damaged, (body) => {
        expect(findDisagreement(body)).toBeUndefined();
      }),
      { numRuns: 3000 },
    );
  });

  it('read any bytes alike, or the scanner declines', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
        expect(findDisagreement(body)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it('read any request made of known and unknown parts alike, or the scanner declines', () => {
    fc.assert(
      fc.property(madeRequest(), (text) => {
        expect(findDisagreement(new TextEncoder().encode(text))).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  it('agree on the biggest request that the scanner takes', () => {
    const event = leaf('event', known.event);
    const children = leaf('ping', known.ping) + leaf('updatecheck', known.updatecheck) + event.repeat(4);
    const app = `${leaf('app', known.app).replace('/>', '>')}${children}</app>`;
    const text = `<request>${leaf('os', known.os)}${leaf('hw', known.hw)}${app.repeat(64)}</request>`;
    const body = new TextEncoder().encode(text);
    expect(scanRequest(body).kind).toBe('request');
    expect(findDisagreement(body)).toBeUndefined();
  });

  it('agree on more of everything than that', () => {
    for (const part of ['<app/>', '<os/>', '<hw/>', '<x/>']) {
      const text = `<request><app appid="x"/>${part.repeat(12_000)}</request>`;
      expect(findDisagreement(new TextEncoder().encode(text))).toBeUndefined();
    }
  });

  it.each(readRegressions())('have not forgotten regression $name', ({ body }) => {
    expect(findDisagreement(body)).toBeUndefined();
  });
});

describe('the fuzzer', () => {
  it('finds nothing today', () => {
    const result = fuzz({ seconds: 0.5, seed: 1, onCase: () => undefined });
    expect(result.cases).toBeGreaterThan(10);
    expect(result.findings).toBe(0);
  });

  it('damages requests into both acceptable and malformed ones', () => {
    // One in sixty stays acceptable: of 300 drawn anew each time, one run in a hundred had none.
    const drawn = { numRuns: 300, seed: 1 };
    const kinds = fc
      .sample(fc.tuple(fc.constantFrom(...recordings), fc.array(mutation, { minLength: 1, maxLength: 3 })), drawn)
      .map(([{ body }, mutations]) => parseRequest(applyMutations(body, mutations)).kind);
    expect(new Set(kinds)).toEqual(new Set(['request', 'malformed']));
  });
});

/** Well-formed more often than not: names and values from small sets, so that duplicates and clashes happen. */
function madeRequest() {
  const name = fc.constantFrom(
    'appid',
    'version',
    'track',
    'machineid',
    'hardware_class',
    'cohort',
    'eventtype',
    'eventresult',
    'errorcode',
    'active',
    'r',
    'a',
    'ad',
    'arch',
    'sp',
    'protocol',
    'ismachine',
    'delta_okay',
    'x',
    'o:version',
    'xmlns',
    'xml:lang',
  );
  const value = fc.oneof(
    fc.constantFrom(
      '',
      '1',
      '3',
      '3.0',
      'true',
      ' {X} ',
      '&amp;',
      '&#xE9;',
      '&#10;',
      '\n',
      '\t',
      '&#38;lt;',
      'é',
      "'",
      '-2',
      '1e3',
    ),
    fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[&<"]/g, '')),
  );
  const attribute = fc
    .tuple(name, value, fc.constantFrom(' ', '  ', '\n', ''), fc.constantFrom('"', '"', '"', "'"))
    .map(([key, text, gap, quote]) => `${gap || ' '}${key}=${quote}${text}${quote}`);
  const attributes = fc.array(attribute, { maxLength: 4 }).map((list) => list.join(''));
  const gap = fc.constantFrom('', ' ', '\n\t', '\r\n', 'text', '<!-- c -->', '<![CDATA[x]]>');
  const leaf = fc
    .tuple(
      fc.constantFrom('ping', 'updatecheck', 'event', 'event', 'data', 'o:event', 'os', 'hw', 'x'),
      attributes,
      gap,
    )
    .map(([tag, list, inner]) => (inner === '' ? `<${tag}${list}/>` : `<${tag}${list}>${inner}</${tag}>`));
  const app = fc
    .tuple(attributes, fc.array(fc.tuple(gap, leaf), { maxLength: 4 }))
    .map(([list, children]) => `<app${list}>${children.flat().join('')}</app>`);
  const body = fc.array(fc.oneof(app, leaf, gap), { maxLength: 4 });
  return fc.tuple(attributes, body).map(([list, parts]) => `<request${list}>${parts.join('')}</request>`);
}
