// The API as a page to read: rendered from the table of operations, without scripts and without anything from elsewhere.
import {
  apiPrefix,
  getOperation,
  operationIds,
  problemKinds,
  problemsOf,
  toProblemType,
  type Operation,
} from '@platte/api-contract';
import { z } from 'zod';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733; background: #fff }
h1, h2, h3 { line-height: 1.2 } h2 { margin-top: 3rem; border-bottom: 1px solid #cfd6dd } h3 { margin-top: 2rem }
code, pre { font: 14px/1.45 ui-monospace, monospace } pre { background: #f3f5f7; padding: .75rem; overflow-x: auto }
table { border-collapse: collapse } td, th { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0 }
.method { display: inline-block; min-width: 4.5rem; font-weight: 600 } .note { color: #5b6772 }
@media (prefers-color-scheme: dark) { body { color: #dfe5ea; background: #14191e } pre { background: #1d242b } h2 { border-color: #38424c } .note { color: #96a3ae } a { color: #7fb8ff } }
`;

export function renderDocs(version: string): string {
  const ids = operationIds.map((id) => ({ id, operation: getOperation(id) }));
  const tags = [...new Set(ids.map(({ operation }) => operation.tag))];
  const rooms = tags.map((tag) => {
    const shown = ids
      .filter(({ operation }) => operation.tag === tag)
      .map(({ id, operation }) => renderOperation(id, operation));
    return `<h2 id="${tag}">${tag}</h2>${shown.join('')}`;
  });
  const links = tags.map((tag) => `<a href="#${tag}">${tag}</a>`).join(' · ');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Platte API ${escapeHtml(version)}</title><style>${style}</style></head><body>
<h1>Platte API</h1>
<p>Version ${escapeHtml(version)}. Everything is below <code>${apiPrefix}</code>; the same for programs: <a href="${apiPrefix}/openapi.json">openapi.json</a>.</p>
<p>Send <code>Authorization: Bearer plt_…</code>. Lists are <code>{ "items": […], "next": … }</code>: pass <code>next</code> as
<code>?cursor=</code>. Times are RFC 3339. What people edit has an <code>ETag</code>: send it as <code>If-Match</code> with PATCH and DELETE.
PATCH is a JSON merge patch: what you leave out stays as it is. An <code>Idempotency-Key</code> with POST makes it happen once.</p>
<p>${links} · <a href="#errors">errors</a></p>
${rooms.join('\n')}
${renderErrors()}
</body></html>`;
}

function renderOperation(id: string, operation: Operation): string {
  const { method, path, summary, description, role, params, query, body, response, status } = operation;
  const needs = role === 'public' ? 'needs no sign-in' : `needs the role ${role}`;
  return `<h3 id="${id}">${escapeHtml(summary)}</h3>
<p><code><span class="method">${method}</span>${apiPrefix}${escapeHtml(path)}</code> <span class="note">${id}, ${needs}</span></p>
${description ? `<p>${escapeHtml(description)}</p>` : ''}
${renderFields('In the path', params)}${renderFields('In the query', query)}
${body ? `<p>Body:</p>${renderShape(body)}` : ''}
<p>Answers ${status}${response ? ':' : ' without a body.'}</p>${response ? renderShape(response) : ''}
<p class="note">Errors: ${problemsOf(operation)
    .map((name) => `<a href="#problem-${name}">${problemKinds[name].status} ${name}</a>`)
    .join(', ')}</p>`;
}

function renderFields(title: string, shape: z.ZodObject | undefined): string {
  if (!shape || Object.keys(shape.shape).length === 0) return '';
  const { properties = {} } = toJson(shape);
  const rows = Object.entries(properties).map(([name, property]) => {
    const { description = '', ...rest } = typeof property === 'object' ? property : {};
    return `<tr><td><code>${escapeHtml(name)}</code></td><td><code>${escapeHtml(describeType(rest))}</code></td><td>${escapeHtml(description)}</td></tr>`;
  });
  return `<p>${title}:</p><table>${rows.join('')}</table>`;
}

function describeType(schema: z.core.JSONSchema.BaseSchema): string {
  if (schema.enum) return schema.enum.map(String).join(' | ');
  const bounds = [schema.minimum, schema.maximum].every((bound) => bound !== undefined)
    ? ` ${schema.minimum}…${schema.maximum}`
    : '';
  const fallback = schema.default === undefined ? '' : ` = ${JSON.stringify(schema.default)}`;
  return `${String(schema.type ?? 'any')}${bounds}${fallback}`;
}

function renderShape(schema: z.ZodType): string {
  return `<pre>${escapeHtml(JSON.stringify(toJson(schema), (key, value: unknown) => (key === '$schema' || key === 'id' ? undefined : value), 1))}</pre>`;
}

function renderErrors(): string {
  const rows = Object.entries(problemKinds).map(
    ([name, { status, title, remedy }]) =>
      `<tr id="problem-${name}"><td>${status}</td><td><code>${toProblemType(name as keyof typeof problemKinds)}</code></td><td>${escapeHtml(title)}. ${escapeHtml(remedy)}</td></tr>`,
  );
  return `<h2 id="errors">errors</h2><p>Every error is <code>application/problem+json</code> (RFC 9457); branch on <code>type</code>.</p><table>${rows.join('')}</table>`;
}

function toJson(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, { io: 'input', reused: 'inline' });
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
