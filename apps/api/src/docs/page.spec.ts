import { createHash } from 'node:crypto';
import { getOperation, makeOpenApi, operationIds, problemKinds } from '@platte/api-contract';
import { describe, expect, it } from 'vitest';
import type { OpenApi } from './document.js';
import { exampleBodyOf, toCurl } from './examples.js';
import { html } from './html.js';
import { renderDocs } from './page.js';
import { scriptHash } from './script.js';

const page = renderDocs(makeOpenApi('1.2.3') as unknown as OpenApi);

describe('the page', () => {
  it('has a place for every operation and every problem, and leads nowhere that it has not', () => {
    const places = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const wanted = [...operationIds, ...Object.keys(problemKinds).map((name) => `problem-${name}`)];
    expect(wanted.filter((id) => !places.has(id))).toEqual([]);
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links.filter((id) => !places.has(id))).toEqual([]);
    expect(places.size).toBe([...page.matchAll(/ id="/g)].length);
  });

  it('spells out what is sent, and names what is answered', () => {
    const article = page.slice(page.indexOf('<article id="editGroup"'), page.indexOf('<article id="deleteGroup"'));
    expect(article).toContain('<code>policy</code');
    expect(article).toContain('href="#schema-EditPolicy"');
    expect(page.slice(page.indexOf('id="schema-EditPolicy"'))).toContain('<code>rateLimit.<wbr>max</code');
    expect(article).toContain('href="#schema-Group"');
  });

  it('has one script, which is the one that may run', () => {
    const scripts = [...page.matchAll(/<script>([^]*?)<\/script>/g)].map(([, text = '']) => text);
    const hashes = scripts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
    expect(hashes).toEqual([scriptHash]);
  });

  it('takes nothing from elsewhere', () => {
    expect([...page.matchAll(/(src|href|url)[=(]"?https?:/g)]).toEqual([]);
  });

  it('is small enough for a phone', () => {
    expect(page.length).toBeLessThan(500_000);
  });
});

describe('an example', () => {
  it.each(operationIds.filter((id) => getOperation(id).body))('of %s has a body that the contract takes', (id) => {
    expect(getOperation(id).body?.safeParse(exampleBodyOf(id)).error).toBeUndefined();
  });

  it('is what somebody types', () => {
    expect(toCurl('editChannel')).toBe(`curl -sS -X PATCH "$PLATTE/api/v1/channels/$ID" \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'If-Match: "7"' \\
  -H 'Content-Type: application/merge-patch+json' \\
  -d '{
    "package": "6d764cec-dbbd-428a-9d67-581b5a6d63e6"
  }'`);
    expect(toCurl('getGroupDifference')).toContain('/groups/$ID/difference?from=$FROM"');
    expect(toCurl('getHealth')).toBe('curl -sS "$PLATTE/api/v1/health"');
  });
});

it('text is never taken for HTML', () => {
  expect(html`<p title="${'"><script>'}">${'<b> & co'}</p>`.text).toBe(
    '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt; &amp; co</p>',
  );
});
