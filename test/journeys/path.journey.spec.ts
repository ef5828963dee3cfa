// The main job, on real input, through every program: a recorded machine updates, and a person sees it.
import { XMLParser } from 'fast-xml-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recording, withAttribute, withMachine } from './machines.js';
import { eventually, type Platform, startPlatform } from './platform.js';

const machine = '3d1219c7c4c5404aaa1f6d2a48adfda4';
const xml = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' });

interface OmahaApp {
  appid: string;
  status: string;
  updatecheck?: {
    status: string;
    PollInterval: string;
    urls?: { url: { codebase: string } };
    manifest?: { version: string };
  };
  event?: { status: string };
}

describe('a recorded Flatcar machine', () => {
  let platform: Platform;

  beforeAll(async () => {
    platform = await startPlatform();
  });

  afterAll(() => platform.stop());

  it('is granted the update, walks to complete by its own events, and is seen whole by a person', async () => {
    const granted = await post(recording('update-engine.check.3-2'));
    expect(granted).toMatchObject({
      appid: '{e96281a6-d1af-4bde-9a0a-97b76e56dc57}',
      status: 'ok',
      event: { status: 'ok' },
      updatecheck: { status: 'ok', PollInterval: expect.stringMatching(/^\d+$/) as string },
    });
    expect(granted.updatecheck?.urls?.url.codebase).toMatch(/^https?:\/\/.+\/$/);
    const offered = granted.updatecheck?.manifest?.version ?? '';
    expect(offered).toMatch(/^\d+\.\d+\.\d+$/);

    // It asks again, as after a crash: the same offer, and no second grant.
    const again = await post(recording('update-engine.check.3-2'));
    expect(again.updatecheck).toMatchObject({ status: 'ok', manifest: { version: offered } });

    for (const [event, status] of [
      ['13-1', 'downloading'],
      ['14-1', 'downloaded'],
      ['3-1', 'installed'],
    ] as const) {
      expect((await post(recording(`update-engine.event.${event}`))).event).toEqual({ status: 'ok' });
      await eventually(
        () => instance(machine),
        (found) => found.status === status,
      );
    }

    const rebooted = withAttribute(recording('update-engine.check.3-2-prev'), 'version', offered);
    expect((await post(rebooted)).updatecheck).toMatchObject({ status: 'noupdate' });
    const found = await eventually(
      () => instance(machine),
      ({ status, attempt, answer }) => status === 'complete' && attempt?.stage === 'ended' && answer !== null,
    );
    expect(found).toMatchObject({
      id: machine,
      version: offered,
      attempt: { outcome: 'complete' },
      answer: { reason: 'up-to-date' },
    });

    const items = await eventually(
      () => history(machine),
      (all) => all.filter(({ kind }) => kind === 'lease-end').length === 2,
    );
    expect(items.filter(({ kind }) => kind === 'grant')).toHaveLength(1);
    expect(items.filter(({ kind }) => kind === 'event')).toHaveLength(4);
    const timeline = await eventually(
      () => platform.get<Timeline>(`/api/v1/groups/${found.group}/version-timeline?range=1h`),
      (answer) => (answer.items.at(-1)?.versions[offered] ?? 0) > 0,
    );
    expect(timeline.items.at(-1)?.total).toBeGreaterThan(0);
    const listed = await platform.get<Page>(`/api/v1/groups/${found.group}/instances`);
    expect(listed.items.map(({ id }) => id)).toContain(machine);
  });

  it('shows in the history within seconds of the answer', async () => {
    const other = 'aaaabbbbccccddddeeeeffff00001111';
    await post(withMachine(recording('update-engine.check.3-2'), other));
    const items = await eventually(
      () => history(other),
      (all) => all.some(({ kind }) => kind === 'grant'),
    );
    expect(items.map(({ kind }) => kind)).toContain('check-in');
  });

  it('is shown to a person with a token, and to nobody else', async () => {
    const applications = await platform.get<Page>('/api/v1/applications');
    expect(applications.items).toEqual([expect.objectContaining({ id: 'e96281a6-d1af-4bde-9a0a-97b76e56dc57' })]);
    const { urls } = await platform.run();
    const anonymous = await fetch(`${urls.api}/api/v1/applications`);
    expect(anonymous.status).toBe(401);
    expect(anonymous.headers.get('content-type')).toContain('application/problem+json');
  });

  it('gets a small 400 for what is no Omaha', async () => {
    expect(await platform.checkIn('<request protocol="3.0"><app></request>')).toMatchObject({ status: 400 });
  });

  interface Page {
    items: { id: string; kind: string }[];
  }

  interface Timeline {
    items: { total: number; versions: Record<string, number> }[];
  }

  interface Instance {
    status: string;
    version: string;
    group: string;
    attempt: { stage: string } | null;
    answer: { reason: string } | null;
  }

  async function history(id: string): Promise<Page['items']> {
    return (await platform.get<Page>(`/api/v1/instances/${id}/history`)).items;
  }

  function instance(id: string): Promise<Instance> {
    return platform.get(`/api/v1/instances/${id}`);
  }

  async function post(body: string): Promise<OmahaApp> {
    const { status, text } = await platform.checkIn(body);
    expect(status).toBe(200);
    return (xml.parse(text) as { response: { app: OmahaApp } }).response.app;
  }
});
