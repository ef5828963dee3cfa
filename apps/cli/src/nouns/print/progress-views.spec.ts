import { describe, expect, it } from 'vitest';
import { failureColumns, funnelColumns, silentColumns } from './progress-views.js';
import { renderTable, type Column } from './table.js';

const now = Date.parse('2026-11-26T12:00:00.000Z');
const render = <Item>(items: readonly Item[], columns: readonly Column<Item>[], width = 80): string[] =>
  renderTable(items, columns, { now, width, isWide: false, bold: (text) => text }).split('\n');

describe('on a terminal of 80 columns', () => {
  it('failures show their numbers whole, and as much of their words as fits', () => {
    const failure = {
      status: 'rolled-back' as const,
      errorCode: '44',
      words: 'error 44: the machine came back with its old version after the reboot',
      version: '4081.2.0',
      oem: 'openstack',
      failures: 12_345,
      machines: 1234,
      lastAt: '2026-11-26T11:50:00.000Z',
    };
    expect(render([failure], failureColumns)).toEqual([
      'FAILURES  MACHINES  LAST  STATUS       VERSION   OEM        WHY',
      '  12,345     1,234   10m  rolled-back  4081.2.0  openstack  error 44: the machi…',
    ]);
  });

  it('a funnel loses nobody before the grant, and a time below a second is not none', () => {
    const step = (name: 'granted' | 'downloading', attempts: number, droppedOff: number, seconds: number | null) => ({
      step: name,
      attempts,
      droppedOff,
      medianSeconds: seconds,
      p95Seconds: seconds && seconds * 100,
    });
    const steps = [step('granted', 1500, 0, 0), step('downloading', 1471, 29, 0.4)];
    expect(render(steps, funnelColumns(steps))).toEqual([
      'STEP         ATTEMPTS  OF GRANTED  DROPPED OFF  MEDIAN TIME  95% WITHIN',
      'granted         1,500        100%            -           0s          0s',
      'downloading     1,471         98%           29          <1s         40s',
    ]);
  });

  it('a silent machine shows for how long, and how often it used to ask', () => {
    const machine = {
      id: 'a'.repeat(32),
      application: 'a',
      group: 'g',
      channel: null,
      version: '4081.2.0',
      status: 'granted' as const,
      arch: 'amd64' as const,
      alias: 'web-1',
      ip: '10.0.0.1',
      oem: 'qemu',
      firstSeen: null,
      lastSeen: null,
      reason: null,
      cadenceSeconds: 2700,
      silentSeconds: 3 * 86_400,
    };
    expect(
      render(
        [machine],
        silentColumns(() => 'Stable'),
        100,
      ),
    ).toEqual([
      'MACHINE                           ALIAS  GROUP   VERSION   STATUS   SILENT  ASKS EVERY',
      `${'a'.repeat(32)}  web-1  Stable  4081.2.0  granted      3d         45m`,
    ]);
  });
});
