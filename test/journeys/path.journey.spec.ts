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
  let offered = '';

  beforeAll(async () => {
    platform = await startPlatform();
  });

  afterAll(() => platform?.stop());

  it("is offered the channel's package by a manifest that update_engine accepts", async () => {
    const app = await post(recording('update-engine.check.3-2'));
    expect(app).toMatchObject({
      appid: '{e96281a6-d1af-4bde-9a0a-97b76e56dc57}',
      status: 'ok',
      event: { status: 'ok' },
    });
    expect(app.updatecheck).toMatchObject({ status: 'ok', PollInterval: expect.stringMatching(/^\d+$/) as string });
    expect(app.updatecheck?.urls?.url.codebase).toMatch(/^https?:\/\/.+\/$/);
    offered = app.updatecheck?.manifest?.version ?? '';
    expect(offered).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('is offered the same again when it asks again, without a second grant', async () => {
    const app = await post(recording('update-engine.check.3-2'));
    expect(app.updatecheck).toMatchObject({ status: 'ok', manifest: { version: offered } });
    await eventually(history, (items) => items.filter(({ kind }) => kind === 'grant').length === 1);
  });

  it.each([
    ['update-engine.event.13-1', 'downloading'],
    ['update-engine.event.14-1', 'downloaded'],
    ['update-engine.event.3-1', 'installed'],
  ])('after %s is %s', async (name, status) => {
    expect((await post(recording(name))).event).toEqual({ status: 'ok' });
    await eventually(instance, (found) => found.status === status);
  });

  it('is complete after the check with a real previous version, and asks for nothing more', async () => {
    const app = await post(withAttribute(recording('update-engine.check.3-2-prev'), 'version', offered));
    expect(app.updatecheck).toMatchObject({ status: 'noupdate' });
    const found = await eventually(instance, ({ status, version }) => status === 'complete' && version === offered);
    expect(found).toMatchObject({ id: machine, version: offered, attempt: { stage: 'ended', outcome: 'complete' } });
  });

  it('is seen whole by a person: its history, the version timeline and the reason of its last answer', async () => {
    const items = await eventually(history, (all) => all.some(({ kind }) => kind === 'lease-end'));
    const kinds = new Set(items.map(({ kind }) => kind));
    expect([...kinds]).toEqual(expect.arrayContaining(['check-in', 'event', 'grant', 'lease-end']));
    const { group } = await instance();
    const timeline = await eventually(
      () => platform.get<{ points: unknown[] }>(`/api/v1/groups/${group}/version-timeline`),
      (answer) => JSON.stringify(answer).includes(offered),
    );
    expect(timeline).toBeDefined();
    expect(await instance()).toMatchObject({ answer: { reason: 'up-to-date' } });
  });

  it('shows in the history within two seconds of the answer', async () => {
    const asked = Date.now();
    await post(withMachine(recording('update-engine.check.3-2'), 'aaaabbbbccccddddeeeeffff00001111'));
    await eventually(
      () => platform.get('/api/v1/instances/aaaabbbbccccddddeeeeffff00001111/history'),
      (page) => (page as Page).items.length > 0,
    );
    // A promise of the product, generous for a loaded machine: the bench measures it.
    expect(Date.now() - asked).toBeLessThan(10_000);
  });

  it("lists applications and the group's instances for a person with a token, and for nobody else", async () => {
    const { group } = await instance();
    const applications = await platform.get<Page>('/api/v1/applications');
    expect(applications.items).toEqual([expect.objectContaining({ id: 'e96281a6-d1af-4bde-9a0a-97b76e56dc57' })]);
    const instances = await platform.get<Page>(`/api/v1/groups/${group}/instances`);
    expect(instances.items.map(({ id }) => id)).toContain(machine);
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
    next: string | null;
  }

  async function history(): Promise<Page['items']> {
    return (await platform.get<Page>(`/api/v1/instances/${machine}/history`)).items;
  }

  function instance(): Promise<{ id: string; status: string; version: string; group: string }> {
    return platform.get(`/api/v1/instances/${machine}`);
  }

  async function post(body: string): Promise<OmahaApp> {
    const { status, text } = await platform.checkIn(body);
    expect(status).toBe(200);
    return (xml.parse(text) as { response: { app: OmahaApp } }).response.app;
  }
});
