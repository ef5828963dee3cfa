import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeErrorCode, describeEvent, parseRequest, renderResponse, type UpdateOffer } from '@platte/omaha';
import {
  composeRequest,
  type Happening,
  type MachineProfile,
  makeUpdateEngine,
  type UpdateEngine,
  type WireEvent,
} from '@platte/omaha/client';
import { answerWith, checkAnswers } from './offers.js';
import { clientsFolder } from './recordings.js';

const minute = 60_000;
const hour = 60 * minute;

const profile: MachineProfile = {
  appid: '{e96281a6-d1af-4bde-9a0a-97b76e56dc57}',
  track: 'stable',
  machineId: '3d1219c7c4c5404aaa1f6d2a48adfda4',
  alias: "a<b & é 'q'",
  oem: 'azure',
  oemVersion: '2.9.1.1-r1',
  alephVersion: '1000.0.0',
  board: 'amd64-usr',
  kernelArch: 'x86_64',
  ownServer: true,
};
const bootId = '{51c48fcd-fbfa-46de-bfe2-1fba32ff97d9}';

const offer: UpdateOffer = {
  status: 'ok',
  pollIntervalSeconds: 2700,
  codebases: ['http://one.example/', 'http://two.example/'],
  manifests: [
    {
      version: '2000.0.0',
      packages: [{ name: 'update.gz', size: 1000, required: true, sha1: null, sha256: null }],
      action: {
        sha256: 'q'.repeat(43) + '=',
        disablePayloadBackoff: true,
        isDelta: false,
        needsAdmin: false,
        displayVersion: null,
        metadataSignatureRsa: null,
        metadataSize: null,
        deadline: null,
      },
      floorReason: null,
      isTarget: false,
    },
  ],
};

const yes = renderResponse(answerWith({ updateCheck: offer }));
const no = renderResponse(
  answerWith({ updateCheck: { status: 'noupdate', pollIntervalSeconds: 3600, info: 'up-to-date' } }),
);
const acknowledged = renderResponse(answerWith({ updateCheck: null }));
const reply = (body: string, status = 200): Happening => ({ kind: 'reply', status, body });

function boot(draw = 0.5, previousVersion = ''): UpdateEngine {
  return makeUpdateEngine({ profile, version: '1000.0.0', bootId, now: 0, draw: () => draw, previousVersion });
}

/** What the machine posts, in short: `check 3/2 ""`, `event 13/1`, `ping`. */
function says(engine: UpdateEngine): string {
  const request = parseRequest(new TextEncoder().encode(engine.compose()));
  if (request.kind === 'malformed') throw new Error(request.cause);
  const app = request.apps[0]!;
  const words = app.events.map((event) => {
    const code = event.errorCode === '' ? '' : ` ${decodeErrorCode(event.errorCode).base}`;
    const previous = event.type === 3 && event.result === 2 ? ` "${event.previousVersion}"` : '';
    return ` ${event.type}/${event.result}${code}${previous}`;
  });
  const kind = app.updateCheck ? 'check' : app.ping ? 'ping' : 'event';
  return `${kind}${words.join('')}`;
}

/** Runs until the machine waits for a reboot or its next check; the transcript is what it did. */
function runUpdate(engine: UpdateEngine, answer = yes): string[] {
  const transcript: string[] = [];
  let now = 0;
  for (let steps = 0; steps < 20; steps++) {
    const { action } = engine;
    switch (action.do) {
      case 'post':
        if (transcript.length > 0 && action.carries !== 'event') return transcript;
        now = Math.max(now, action.at);
        transcript.push(says(engine));
        engine.take(reply(action.carries === 'check' ? answer : acknowledged), now);
        break;
      case 'prepare':
        engine.take({ kind: 'prepared' }, now);
        break;
      case 'download':
        transcript.push(`GET ${action.url}`);
        engine.take({ kind: 'downloaded' }, now);
        break;
      case 'apply':
        engine.take({ kind: 'applied' }, now);
        break;
    }
  }
  throw new Error('the machine does not come to rest');
}

function wire(version: string, event: WireEvent): string {
  const asks = event.type === 3 && event.result === 2;
  return composeRequest(profile, { version, bootId, interactive: true, ping: asks, updateCheck: asks, event });
}

describe('the model posts what the real client posted, byte for byte', () => {
  it.each([
    ['update-engine.check.3-2.xml', '1000.0.0', { type: 3, result: 2, previousVersion: '0.0.0.0' }],
    ['update-engine.check.3-2.404.xml', '1000.0.0', { type: 3, result: 2, previousVersion: '' }],
    ['update-engine.check.3-2-prev.xml', '2000.0.0', { type: 3, result: 2, previousVersion: '1000.0.0' }],
    ['update-engine.event.13-1.xml', '1000.0.0', { type: 13, result: 1 }],
    ['update-engine.event.14-1.xml', '1000.0.0', { type: 14, result: 1 }],
    ['update-engine.event.3-1.xml', '1000.0.0', { type: 3, result: 1 }],
    ['update-engine.event.3-0.xml', '1000.0.0', { type: 3, result: 0, errorCode: 268_435_463 }],
    ['update-engine.event.3-0.404.xml', '1000.0.0', { type: 3, result: 0, errorCode: 268_435_465 }],
  ])('%s', (name, version, event) => {
    expect(wire(version, event)).toBe(readFileSync(join(clientsFolder, 'recordings', name), 'utf8'));
  });
});

describe('for every answer the product can give', () => {
  it('the machine never posts a needless error event', () => {
    fc.assert(
      fc.property(checkAnswers, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (answer, draw) => {
        const engine = boot(draw);
        engine.take(reply(renderResponse(answer)), 10 * minute);
        const offered = answer.apps[0]?.updateCheck?.status === 'ok';
        expect(engine.status).toBe(offered ? 'preparing' : 'idle');
        expect(engine.action.do === 'post' ? engine.action.carries : engine.action.do).toBe(
          offered ? 'prepare' : 'check',
        );
      }),
      { numRuns: 500 },
    );
  });

  it('an update is exactly check, 13/1, 14/1, 3/1, and the check after the reboot', () => {
    fc.assert(
      fc.property(
        checkAnswers.filter(({ apps }) => apps[0]?.updateCheck?.status === 'ok'),
        (answer) => {
          const engine = boot();
          const transcript = runUpdate(engine, renderResponse(answer));
          expect(transcript.filter((line) => !line.startsWith('GET'))).toEqual([
            'check 3/2 ""',
            'event 13/1',
            'event 14/1',
            'event 3/1',
          ]);
          engine.take({ kind: 'rebooted', bootId: '{new}' }, 2 * hour);
          expect(says(engine)).toBe('check 3/2 "1000.0.0"');
          engine.take(reply(no), 3 * hour);
          expect(says(engine)).toBe('check 3/2 ""');
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a machine', () => {
  it('waits for its reboot with pings alone, at its usual interval', () => {
    const engine = boot();
    runUpdate(engine);
    expect(engine.status).toBe('awaiting-reboot');
    expect(says(engine)).toBe('ping');
    expect(engine.version).toBe('1000.0.0');
    const first = engine.action.do === 'post' ? engine.action.at : 0;
    engine.take(reply(acknowledged), first);
    expect(engine.action).toEqual({ do: 'post', at: first + 45 * minute, carries: 'ping' });
    engine.take({ kind: 'rebooted', bootId: '{new}' }, first);
    expect([engine.version, engine.status]).toEqual(['2000.0.0', 'idle']);
  });

  it('says after a rollback 44, once, together with a check', () => {
    const engine = boot();
    runUpdate(engine);
    engine.take({ kind: 'rolled-back', bootId: '{new}' }, hour);
    expect(says(engine)).toBe('check 3/0 44');
    expect(engine.compose()).toContain('errorcode="44"');
    engine.take(reply(no), 2 * hour);
    expect(says(engine)).toBe('check 3/2 ""');
    expect(engine.version).toBe('1000.0.0');
  });

  it('that cannot download says so with the mark of its own server, and goes to the next URL at the second failure', () => {
    const engine = boot();
    const urls: string[] = [];
    for (let round = 0; round < 3; round++) {
      engine.take(reply(yes), round * hour);
      engine.take({ kind: 'prepared' }, round * hour);
      engine.take(reply(acknowledged), round * hour);
      if (engine.action.do === 'download') urls.push(engine.action.url);
      engine.take({ kind: 'failed', errorCode: 9 }, round * hour);
      expect(says(engine)).toBe('event 3/0 9');
      expect(engine.compose()).toContain('errorcode="268435465"');
      engine.take(reply(acknowledged), round * hour);
      expect(engine.status).toBe('idle');
    }
    expect(urls).toEqual([
      'http://one.example/update.gz',
      'http://one.example/update.gz',
      'http://two.example/update.gz',
    ]);
  });

  it('leaves a URL with a wrong file at once', () => {
    const engine = boot();
    engine.take(reply(yes), 0);
    engine.take({ kind: 'prepared' }, 0);
    engine.take(reply(acknowledged), 0);
    engine.take({ kind: 'failed', errorCode: 29 }, 0);
    engine.take(reply(acknowledged), 0);
    engine.take(reply(yes), hour);
    engine.take({ kind: 'prepared' }, hour);
    engine.take(reply(acknowledged), hour);
    expect(engine.action).toMatchObject({ do: 'download', url: 'http://two.example/update.gz' });
  });

  it('whose daemon was killed while downloading starts over, and marks errors as resumed', () => {
    const engine = boot();
    engine.take(reply(yes), 0);
    engine.take({ kind: 'prepared' }, 0);
    engine.take(reply(acknowledged), 0);
    engine.take({ kind: 'restarted' }, minute);
    expect(says(engine)).toBe('check 3/2 ""');
    engine.take(reply(yes), hour);
    engine.take({ kind: 'prepared' }, hour);
    expect(says(engine)).toBe('event 13/1');
    engine.take(reply(acknowledged), hour);
    engine.take({ kind: 'failed', errorCode: 29 }, hour);
    expect(engine.compose()).toContain(`errorcode="${29 | 0x5000_0000}"`);
  });

  it('that may not ignore its back-off defers, again and again, until the back-off is over', () => {
    const action = { ...offer.manifests[0]!.action!, disablePayloadBackoff: false };
    const patient = renderResponse(
      answerWith({ updateCheck: { ...offer, manifests: [{ ...offer.manifests[0]!, action }] } }),
    );
    const engine = boot();
    engine.take(reply(patient), 0);
    engine.take({ kind: 'prepared' }, 0);
    engine.take(reply(acknowledged), 0);
    engine.take({ kind: 'downloaded' }, 0);
    engine.take(reply(acknowledged), 0);
    engine.take({ kind: 'failed', errorCode: 5 }, 0);
    engine.take(reply(acknowledged), 0);
    engine.take(reply(patient), hour);
    expect(says(engine)).toBe('event 3/9 40');
    expect(describeEvent(3, 9)).toBe('update deferred by the machine');
    engine.take(reply(acknowledged), hour);
    engine.take(reply(patient), 25 * hour);
    expect(engine.status).toBe('preparing');
  });

  it('that an operator asks checks at once, and says so', () => {
    const engine = boot();
    engine.take({ kind: 'asked' }, 1234);
    expect(engine.action).toEqual({ do: 'post', at: 1234, carries: 'check' });
    expect(engine.compose()).toContain('installsource="ondemandupdate"');
    engine.take(reply(no), 1234);
    expect(engine.compose()).toContain('installsource="scheduler"');
  });
});

describe('the next check', () => {
  const after = (happening: Happening, draw = 0.5) => {
    const engine = boot(draw);
    engine.take(happening, 0);
    while (engine.action.do === 'post' && engine.action.carries === 'event') engine.take(reply(acknowledged), 0);
    return engine.action.do === 'post' ? engine.action.at / minute : Number.NaN;
  };
  const noIn = (seconds: number) =>
    reply(renderResponse(answerWith({ updateCheck: { status: 'noupdate', pollIntervalSeconds: seconds, info: '' } })));

  it.each([
    ['follows the interval of the answer', noIn(3600), 0.5, 60],
    ['is spread by half of it, early', noIn(3600), 0, 30],
    ['is spread by half of it, late', noIn(3600), 0.999_999, 90],
    ['is not after more than four hours', noIn(86_400), 0.5, 240],
    ['is not before 45 minutes are nearly over', noIn(60), 0, 40],
    ['waits as long as ever after 429', reply('', 429), 0.5, 45],
    ['waits as long as ever after 502', reply('', 502), 0.5, 45],
    ['waits twice as long after 503, but never under 45 minutes', reply('', 503), 0.5, 45],
  ])('%s', (_what, happening, draw, minutes) => {
    expect(after(happening, draw)).toBeCloseTo(minutes, 1);
  });

  it('comes later and later while the server says 503, up to four hours', () => {
    const engine = boot();
    const pauses: number[] = [];
    let now = 0;
    for (let round = 0; round < 6; round++) {
      engine.take(reply('', 503), now);
      engine.take(reply(''), now);
      const at = engine.action.do === 'post' ? engine.action.at : Number.NaN;
      pauses.push((at - now) / minute);
      now = at;
    }
    expect(pauses).toEqual([45, 90, 180, 240, 240, 240]);
  });

  it('comes 7 minutes after the start, give or take five', () => {
    expect(boot(0).action).toMatchObject({ at: 2 * minute });
    expect(boot(0.5).action).toMatchObject({ at: 7 * minute });
  });
});

describe('a failed check', () => {
  it.each([
    ['a bad request', reply('', 400), 2400],
    ['a server’s error', reply('<html/>', 500), 2500],
    ['an empty answer', reply(''), 30],
    ['no content', reply('', 204), 30],
    ['HTML', reply('<html><body>hi</body></html>'), 34],
    ['no XML', reply('hello'), 31],
    ['a blank before the declaration', reply(`\n${no}`), 31],
    ['a namespace', reply(no.replace('<response ', '<response xmlns="u" ')), 34],
    ['no updatecheck', reply(acknowledged), 34],
    ['another status', reply(no.replace('noupdate', 'error-internal')), 34],
    ['an offer without URL', reply(yes.replace(/<url .*\/>/, '')), 34],
    ['an offer without size', reply(yes.replace('size="1000"', 'size="0"')), 34],
    ['an offer without hash', reply(yes.replace(/ sha256="[^"]*"/, '')), 34],
  ])('by %s costs a second POST', (_what, happening, base) => {
    const engine = boot();
    engine.take(happening, 0);
    expect(says(engine)).toBe(`event 3/0 ${base}`);
  });

  it('is tried again three times, ten seconds apart, when nobody answers', () => {
    const engine = boot();
    for (let attempt = 1; attempt <= 3; attempt++) {
      engine.take(reply('', 0), 0);
      expect(engine.action).toEqual({ do: 'post', at: 10_000, carries: 'check' });
    }
    engine.take(reply('', 0), 0);
    expect(says(engine)).toBe('event 3/0 2000');
  });

  it('does not keep the previous version for another time', () => {
    const engine = boot(0.5, '0.0.0.0');
    expect(says(engine)).toBe('check 3/2 "0.0.0.0"');
    engine.take(reply('', 500), 0);
    engine.take(reply(''), 0);
    expect(says(engine)).toBe('check 3/2 ""');
  });

  it('is one where only the application is refused: its status is not looked at, the missing updatecheck is', () => {
    const refused = answerWith({ status: 'error-unknownApplication', updateCheck: null });
    const engine = boot();
    engine.take(reply(renderResponse(refused)), 0);
    expect(says(engine)).toBe('event 3/0 34');
  });
});
