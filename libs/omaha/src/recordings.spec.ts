// Real clients' bytes, and what we understand of them.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseRequest } from './parse.js';
import { isHeartbeat, isSyncer, resolveArch } from './recognise.js';
import type { ParsedRequest } from './request.js';

const folder = new URL('../../../test/clients/recordings/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.xml'));

function read(name: string): ParsedRequest {
  return accepted(readFileSync(new URL(name, folder)));
}

function accepted(body: Uint8Array): ParsedRequest {
  const parsed = parseRequest(body);
  if (parsed.kind === 'malformed') throw new Error(`refused: ${parsed.cause}`);
  return parsed;
}

function write(text: string): ParsedRequest {
  return accepted(new TextEncoder().encode(text));
}

describe('recorded requests', () => {
  it.each(names)('%s takes the fast way, without a doubtful value', (name) => {
    expect(read(name)).toMatchObject({ scanned: true, questionable: [], protocol: '3.0' });
  });

  it.each(names)('%s is of the Flatcar application on amd64', (name) => {
    const { apps, os } = read(name);
    expect(apps).toHaveLength(1);
    expect(apps[0]).toMatchObject({ id: 'e96281a6-d1af-4bde-9a0a-97b76e56dc57', track: 'stable' });
    expect(resolveArch(apps[0]!, os)).toBe('amd64');
  });

  it.each(names.map((name) => [name, /(\d+)-(\d)/.exec(name)] as const).filter(([, pair]) => pair !== null))(
    '%s carries the event that its name says',
    (name, pair) => {
      expect(read(name).apps[0]?.events).toMatchObject([{ type: Number(pair?.[1]), result: Number(pair?.[2]) }]);
    },
  );

  it('of update_engine say everything about the machine', () => {
    expect(read('update-engine.check.3-2-prev.xml')).toEqual({
      kind: 'request',
      scanned: true,
      questionable: [],
      protocol: '3.0',
      version: 'update_engine-0.4.10',
      updaterVersion: 'update_engine-0.4.10',
      installSource: 'ondemandupdate',
      isMachine: true,
      requestId: '',
      sessionId: '',
      userId: '',
      testSource: '',
      os: { platform: 'CoreOS', version: 'Chateau', sp: '2000.0.0_x86_64', arch: '' },
      apps: [
        {
          appid: '{e96281a6-d1af-4bde-9a0a-97b76e56dc57}',
          id: 'e96281a6-d1af-4bde-9a0a-97b76e56dc57',
          version: '2000.0.0',
          track: 'stable',
          machineId: '3d1219c7c4c5404aaa1f6d2a48adfda4',
          alias: "a<b & é 'q'",
          bootId: '{51c48fcd-fbfa-46de-bfe2-1fba32ff97d9}',
          oem: 'azure',
          oemVersion: '2.9.1.1-r1',
          alephVersion: '1000.0.0',
          board: 'amd64-usr',
          lang: 'en-US',
          deltaOkay: false,
          multiManifestOk: false,
          ping: { active: true, daysSinceActive: null, daysSincePing: null, lastActiveDay: null, lastPingDay: null },
          updateCheck: {
            targetVersionPrefix: '',
            rollbackAllowed: false,
            sameVersionUpdate: false,
            updateDisabled: false,
          },
          events: [
            {
              type: 3,
              result: 2,
              isRecordable: true,
              errorCode: '',
              previousVersion: '1000.0.0',
              nextVersion: '',
              others: [],
            },
          ],
          others: [],
        },
      ],
      others: [],
    });
  });

  it.each([
    ['update-engine.check.3-2.xml', true],
    ['update-engine.check.3-2.404.xml', true],
    ['go.check.3-2.xml', true],
    ['update-engine.check.3-2-prev.xml', false],
    ['update-engine.event.3-1.xml', false],
  ])('%s carries a heartbeat: %s', (name, expected) => {
    expect(read(name).apps[0]?.events.some(isHeartbeat)).toBe(expected);
  });
});

describe('other clients', () => {
  it('Nebraska’s syncer is recognised, and says what it can read', () => {
    const syncer = write(
      `<request protocol="3.0" installsource="scheduler" ismachine="1" version="CoreOSUpdateEngine-0.1.0.0" updaterversion="CoreOSUpdateEngine-0.1.0.0"><os platform="CoreOS" version="Chateau" sp="766.0.0_x86_64" arch="arm"></os><app appid="{e96281a6-d1af-4bde-9a0a-97b76e56dc57}" version="766.0.0" track="stable" bootid="{b}" machineid="{m}" multi_manifest_ok="true"><updatecheck></updatecheck></app></request>`,
    );
    expect(isSyncer(syncer)).toBe(true);
    expect(syncer.apps[0]?.multiManifestOk).toBe(true);
    expect(resolveArch(syncer.apps[0]!, syncer.os)).toBe('arm64');
  });

  it('Flatcar’s stub for PXE machines is read from its event alone', () => {
    const stub = write(
      `<?xml version="1.0" encoding="UTF-8"?>\n<request protocol="3.0" version="FlatcarUpdateEngine-0.1.0.0" updaterversion="FlatcarUpdateEngine-0.1.0.0" installsource="scheduler" ismachine="1"><os platform="CoreOS" version="Chateau" sp="3510.2.8"></os><app appid="e96281a6-d1af-4bde-9a0a-97b76e56dc57" version="3510.2.8" track="alpha" bootid="b" machineid="m" machinealias="a" oem="pxe" oemversion=""><event eventtype="3" eventresult="2" previousversion=""></event></app></request>`,
    );
    expect(stub.apps[0]).toMatchObject({ ping: null, updateCheck: null, track: 'alpha', oem: 'pxe' });
    expect(isSyncer(stub)).toBe(false);
    expect(resolveArch(stub.apps[0]!, stub.os)).toBeNull();
  });

  it('ue-rs leaves out what it does not know', () => {
    const rust = write(
      `<request protocol="3.0" version="ue-rs-0.0.0" updaterversion="ue-rs-0.0.0" installsource="ondemand" ismachine="1"><os platform="CoreOS" version="Chateau" sp="3510_x86_64"/><app appid="{e96281a6-d1af-4bde-9a0a-97b76e56dc57}" version="0.0.0" track="stable" machineid="ff"><updatecheck/></app></request>`,
    );
    expect(rust).toMatchObject({ scanned: true, apps: [{ bootId: '', ping: null, version: '0.0.0' }] });
  });

  it('ChromeOS names several applications, with days and a rollback wish', () => {
    const chrome = write(
      `<?xml version="1.0" encoding="UTF-8"?><request requestid="{r}" sessionid="{s}" protocol="3.0" updater="ChromeOSUpdateEngine" updaterversion="0.1.0.0" installsource="scheduler" ismachine="1"><os version="Indy" platform="Chrome OS" sp="9999.0.0_x86_64"></os><app appid="{87efface-864d-49a5-9bb3-4b050a7c227a}" version="9999.0.0" track="stable-channel" from_track="dev-channel" hardware_class="HWID" delta_okay="true" cohort="1:2:"><ping active="1" a="-1" r="3"></ping><updatecheck targetversionprefix="99." rollback_allowed="true"></updatecheck></app><app appid="{87efface-864d-49a5-9bb3-4b050a7c227a}_dlc" version="0.0.0.0"><updatecheck></updatecheck></app></request>`,
    );
    expect(chrome).toMatchObject({
      scanned: true,
      requestId: '{r}',
      others: [{ name: 'updater', value: 'ChromeOSUpdateEngine' }],
      apps: [
        {
          deltaOkay: true,
          ping: { daysSinceActive: -1, daysSincePing: 3 },
          updateCheck: { targetVersionPrefix: '99.', rollbackAllowed: true },
          others: [
            { name: 'hardware_class', value: 'HWID' },
            { name: 'from_track', value: 'dev-channel' },
            { name: 'cohort', value: '1:2:' },
          ],
        },
        { id: '{87efface-864d-49a5-9bb3-4b050a7c227a}_dlc', appid: '{87efface-864d-49a5-9bb3-4b050a7c227a}_dlc' },
      ],
    });
  });

  it('Google’s Omaha 3 sends hardware, negative error codes and many measures', () => {
    const google = write(
      `<?xml version="1.0" encoding="UTF-8"?><request protocol="3.0" version="1.3.23.0" ismachine="0" sessionid="{s}" testsource="dev" requestid="{r}"><hw sse="1" avx="-1" physmemory="4"/><os platform="win" version="6.1" sp="" arch="x64"/><app appid="{8A69D345-D564-463C-AFF1-A69D9E530F96}" version="26.0.1410.64" nextversion="27.0" lang="en" brand="GGLS" installage="100"><event eventtype="2" eventresult="4" errorcode="-2147219440" extracode1="268435463" download_time_ms="120"/><ping r="1"/></app></request>`,
    );
    expect(google).toMatchObject({
      scanned: true,
      testSource: 'dev',
      apps: [
        {
          id: '8a69d345-d564-463c-aff1-a69d9e530f96',
          events: [
            {
              errorCode: '-2147219440',
              others: [
                { name: 'extracode1', value: '268435463' },
                { name: 'download_time_ms', value: '120' },
              ],
            },
          ],
        },
      ],
    });
  });
});
