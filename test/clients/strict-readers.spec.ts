import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NoUpdate, renderResponse, type ResponseApp, type UpdateOffer } from '@platte/omaha';
import { answerWith, noUpdates, offers, syncerOffers } from './offers.js';
import { readAsGoClient, readAsSyncer, readAsUeRs } from './strict-readers.js';

const appids = fc.constantFrom('{e96281a6-d1af-4bde-9a0a-97b76e56dc57}', 'io.example.agent', '"<&>\'', ' x ');

function render(updateCheck: NoUpdate | UpdateOffer, appid = 'x', others: ResponseApp[] = []): string {
  const answer = answerWith({ appid, updateCheck });
  return renderResponse({ ...answer, apps: [...answer.apps, ...others] });
}

describe('every answer the product can give', () => {
  it('is read by Go clients, which find their application by the id they sent', () => {
    const refused: ResponseApp = {
      appid: 'other',
      status: 'error-unknownApplication',
      ping: false,
      events: 0,
      updateCheck: null,
    };
    fc.assert(
      fc.property(fc.oneof(offers, noUpdates), appids, (check, appid) => {
        const answer = readAsGoClient(render(check, appid, [refused]), appid);
        const expected =
          check.status === 'ok'
            ? {
                status: 'ok',
                url: `${check.codebases[0]}${check.manifests[0]?.packages[0]?.name}`,
                version: check.manifests[0]?.version,
              }
            : { status: 'noupdate', url: null, version: null };
        expect(answer).toEqual({ kind: 'read', value: expected });
      }),
      { numRuns: 300 },
    );
  });

  it('with an offer is read by ue-rs, which joins URLs as browsers do', () => {
    fc.assert(
      fc.property(offers, (check) => {
        const answer = readAsUeRs(render(check));
        const files = check.manifests[0]!.packages;
        expect(answer).toEqual({
          kind: 'read',
          value: files.map(({ name, size }) => ({ name, size, url: new URL(`${check.codebases[0]}${name}`).href })),
        });
      }),
      { numRuns: 300 },
    );
  });

  it('to a syncer is read with all manifests, the target found', () => {
    fc.assert(
      fc.property(syncerOffers, (check) => {
        const answer = readAsSyncer(render(check));
        const target =
          check.manifests.find(({ isTarget }) => isTarget) ??
          check.manifests.findLast((one) => one.floorReason === null);
        expect(answer).toMatchObject({
          kind: 'read',
          value: { target: target?.version ?? null, manifests: check.manifests.map(({ version }) => ({ version })) },
        });
      }),
      { numRuns: 300 },
    );
  });

  it('without an update leaves a syncer as it is', () => {
    fc.assert(
      fc.property(noUpdates, (check) => {
        expect(readAsSyncer(render(check))).toEqual({ kind: 'read', value: null });
      }),
    );
  });
});

describe('the readers are strict', () => {
  const offer = fc.sample(offers, { numRuns: 1, seed: 1 })[0]!;
  const xml = render(offer);

  it.each([
    ['go: a size that is no number', readAsGoClient(xml.replace(/ size="\d+"/, ' size="1k"'), 'x')],
    ['go: a boolean that is none', readAsGoClient(xml.replace(/ required="\w+"/, ' required="yes"'), 'x')],
    ['go: an id in another case', readAsGoClient(xml, 'X')],
    ['go: protocol 3.1', readAsGoClient(xml.replace('protocol="3.0"', 'protocol="3.1"'), 'x')],
    ['ue-rs: no required', readAsUeRs(xml.replace(/ required="\w+"/, ''))],
    [
      'ue-rs: an empty hash',
      readAsUeRs(
        xml.replace('<package ', '<package hash="" hash_sha256="" ').replace(/(hash="" .*?) hash="[^"]+"/, '$1'),
      ),
    ],
    ['ue-rs: a codebase that is not first', readAsUeRs(xml.replace('<url ', '<url x="" '))],
    ['ue-rs: no manifest', readAsUeRs(render({ status: 'noupdate', pollIntervalSeconds: 60, info: '' }))],
    ['syncer: no updatecheck', readAsSyncer(renderResponse(answerWith({ updateCheck: null })))],
  ])('%s', (_what, answer) => {
    expect(answer.kind).toBe('broken');
  });
});
