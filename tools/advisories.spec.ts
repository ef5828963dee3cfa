import { expect, it } from 'vitest';
import { judgeAudit } from './advisories.js';

const advisory = (id: string, severity: string) => ({
  url: `https://github.com/advisories/${id}`,
  name: 'left-pad',
  title: 'pads the wrong side',
  severity,
});
/** `app` depends on `left-pad`: npm names the way by text, and the advisory once. */
const report = {
  vulnerabilities: {
    'left-pad': { via: [advisory('GHSA-high', 'high'), advisory('GHSA-low', 'low')] },
    app: { via: ['left-pad'] },
  },
};
const excuse = (advisoryId: string, until: string) => ({ advisory: advisoryId, reason: 'only at build time', until });
const today = '2026-11-25';

it('refuses what is high or critical, once', () => {
  expect(judgeAudit(report, [], today)).toEqual([
    'high: left-pad: pads the wrong side (GHSA-high, https://github.com/advisories/GHSA-high)',
  ]);
});

it('takes an exception until it ends, also on its last day', () => {
  expect(judgeAudit(report, [excuse('GHSA-high', today)], today)).toEqual([]);
  expect(judgeAudit(report, [excuse('GHSA-high', '2026-11-24')], today)).toEqual([
    expect.stringMatching(/^high: left-pad/) as string,
    'the exception for GHSA-high ended on 2026-11-24: mend it, or say again why not',
  ]);
});

it('keeps no exception that excuses nothing', () => {
  expect(judgeAudit({ vulnerabilities: {} }, [excuse('GHSA-gone', '2027-01-01')], today)).toEqual([
    'the exception for GHSA-gone is needed no more: take it out',
  ]);
});
