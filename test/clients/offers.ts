// Answers that the product can give, for fast-check: packages as the catalog lets them in (libs/rollout, `Package`).
import * as fc from 'fast-check';
import type { Manifest, NoUpdate, OmahaResponse, PostinstallAction, ResponseApp, UpdateOffer } from '@platte/omaha';

const filename = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._+~-]{0,40}$/).filter((name) => !name.includes('..'));
const base64Of = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((array) => Buffer.from(array).toString('base64'));
const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((array) => Buffer.from(array).toString('hex'));
const words = fc.option(fc.string({ unit: 'grapheme', maxLength: 40 }));

const file = fc.record({
  name: filename,
  size: fc.integer({ min: 1, max: 2 ** 40 }),
  required: fc.boolean(),
  sha1: fc.option(base64Of(20)),
  sha256: fc.option(hex),
});

const action: fc.Arbitrary<PostinstallAction> = fc.record({
  sha256: base64Of(32),
  disablePayloadBackoff: fc.boolean(),
  isDelta: fc.boolean(),
  needsAdmin: fc.boolean(),
  displayVersion: words,
  metadataSignatureRsa: words,
  metadataSize: words,
  deadline: words,
});

const manifest = fc.record({
  version: fc.stringMatching(/^[0-9]{1,5}\.[0-9]{1,3}\.[0-9]{1,3}(-[a-z0-9]{1,8})?$/),
  packages: fc.array(file, { minLength: 1, maxLength: 4 }),
  action,
  floorReason: fc.constant(null),
  isTarget: fc.constant(false),
});

const syncedManifest: fc.Arbitrary<Manifest> = fc.record({
  version: fc.stringMatching(/^[0-9]{1,5}\.[0-9]{1,3}\.[0-9]{1,3}$/),
  packages: fc.array(file, { minLength: 1, maxLength: 2 }),
  action: fc.option(action),
  floorReason: words,
  isTarget: fc.boolean(),
});

const codebase = fc
  .tuple(fc.constantFrom('http', 'https'), fc.domain(), fc.stringMatching(/^([a-z0-9.-]{1,12}\/){0,3}$/))
  .map(([scheme, host, path]) => `${scheme}://${host}/${path}`)
  .filter((url) => !/\/\.{1,2}\//.test(url));

const pollIntervalSeconds = fc.integer({ min: 60, max: 86_400 });

export const noUpdates: fc.Arbitrary<NoUpdate> = fc.record({
  status: fc.constant('noupdate'),
  pollIntervalSeconds,
  info: fc.string({ unit: 'grapheme', maxLength: 40 }),
});

export const offers: fc.Arbitrary<UpdateOffer> = fc.record({
  status: fc.constant('ok'),
  pollIntervalSeconds,
  codebases: fc.array(codebase, { minLength: 1, maxLength: 3 }),
  manifests: fc.array(manifest, { minLength: 1, maxLength: 1 }),
});

export const syncerOffers: fc.Arbitrary<UpdateOffer> = fc.record({
  status: fc.constant('ok'),
  pollIntervalSeconds,
  codebases: fc.array(codebase, { minLength: 1, maxLength: 1 }),
  manifests: fc.array(syncedManifest, { minLength: 1, maxLength: 6 }),
});

const appid = fc.constantFrom('{e96281a6-d1af-4bde-9a0a-97b76e56dc57}', 'io.example.agent', '"<&>\'', ' x ');

/** An answer to one check: the application is served, or refused without silence. */
export const checkAnswers: fc.Arbitrary<OmahaResponse> = fc.record({
  now: fc.nat(4e12),
  apps: fc.tuple(
    fc.oneof(
      fc.record({
        appid,
        status: fc.constant('ok' as const),
        ping: fc.boolean(),
        events: fc.nat(2),
        updateCheck: offers,
      }),
      fc.record({
        appid,
        status: fc.constant('ok' as const),
        ping: fc.boolean(),
        events: fc.nat(2),
        updateCheck: noUpdates,
      }),
      fc.record({
        appid,
        status: fc.constantFrom(
          'error-unknownApplication' as const,
          'error-invalidAppId' as const,
          'restricted' as const,
        ),
        ping: fc.boolean(),
        events: fc.nat(2),
        updateCheck: noUpdates,
      }),
    ),
  ),
});

export function answerWith(app: Partial<ResponseApp> & Pick<ResponseApp, 'updateCheck'>): OmahaResponse {
  return { now: 0, apps: [{ appid: 'x', status: 'ok', ping: true, events: 1, ...app }] };
}
