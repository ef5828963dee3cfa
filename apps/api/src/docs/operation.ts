// One operation on the page: what it is for, who may, what it takes and gives, what to type, what can go wrong.
import {
  apiPrefix,
  getOperation,
  isChange,
  problemKinds,
  problemsOf,
  type Operation,
  type OperationId,
} from '@platte/api-contract';
import { z } from 'zod';
import type { Parameter, Schema } from './document.js';
import { toCurl } from './examples.js';
import { html, prose, raw, type Html } from './html.js';
import { renderParameters, renderShape } from './shapes.js';

export function renderOperation(id: OperationId, parameters: readonly Parameter[]): Html {
  const { method, path, summary, description, status } = getOperation(id);
  const problems = problemsOf(getOperation(id)).toSorted((a, b) => problemKinds[a].status - problemKinds[b].status);
  return html`<article id="${id}" data-find="${`${id} ${titleOf(id)} ${method} ${path} ${summary}`.toLowerCase()}">
    <h3><a class="anchor" href="#${id}">${titleOf(id)}</a></h3>
    <p class="route"><span class="method ${method.toLowerCase()}">${method}</span> <code>${renderPath(path)}</code></p>
    <p class="chips">${chipsOf(id)}</p>
    <p>${prose(summary)}.</p>
    ${description !== undefined && html`<p>${prose(description)}</p>`}
    <pre class="curl"><code>${toCurl(id)}</code></pre>
    ${(['path', 'query', 'header'] as const).map((place) => renderPlace(place, parameters))} ${renderBody(id)}
    <h4>Answers ${status}</h4>
    ${renderAnswer(getOperation(id))}
    <details class="problems">
      <summary>${problems.length} problems</summary>
      <ul>
        ${problems.map(
          (name) => html`<li><code>${problemKinds[name].status}</code> <a href="#problem-${name}">${name}</a></li>`,
        )}
      </ul>
    </details>
  </article>`;
}

function renderPath(path: string): Html {
  const steps = (apiPrefix + path).slice(1).split('/');
  return raw(steps.map((step) => String(html`/<wbr />${renderStep(step)}`)).join(''));
}

function renderStep(step: string): Html {
  return step.startsWith('{') ? html`<var>${step}</var>` : html`${step}`;
}

/** `pauseGroup` is what programs call it; people read "Pause group". */
export function titleOf(id: OperationId): string {
  const words = id.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace('open api', 'OpenAPI');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function chipsOf(id: OperationId): Html[] {
  const operation = getOperation(id);
  const { role, scope, edits, method, resumable } = operation;
  const scopes: Partial<Record<typeof scope, string>> = {
    platform: 'spans all applications: not for limited roles',
    filtered: 'shows what you may see',
  };
  const texts = [
    role === 'public' ? 'no sign-in' : role,
    scopes[scope],
    isChange(operation) && '?dryRun',
    edits && 'If-Match',
    method === 'POST' && 'Idempotency-Key',
    resumable && 'resumable',
  ];
  return texts.flatMap((text, i) =>
    text
      ? [i === 0 ? html`<span class="chip role-${role}">${text}</span> ` : html`<span class="chip">${text}</span> `]
      : [],
  );
}

const places = { path: 'In the path', query: 'Query', header: 'Headers' };

function renderPlace(place: Parameter['in'], parameters: readonly Parameter[]): Html {
  const here = parameters.filter((one) => one.in === place);
  return here.length === 0
    ? html``
    : html`<h4>${places[place]}</h4>
        ${renderParameters(here)}`;
}

function renderBody(id: OperationId): Html {
  const { body, method } = getOperation(id);
  if (!body) return html``;
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  return html`<h4>Body <span class="note">${type}</span></h4>
    ${renderShape(toJson(body))}`;
}

/** What has a name is described once, further down. */
function renderAnswer({ response, produces }: Operation): Html {
  if (!response) return html`<p>No body.</p>`;
  if (produces !== undefined) return html`<p><code>${produces}</code></p>`;
  const { id, ...schema } = toJson(response);
  return id === undefined ? renderShape(schema) : html`<p><a href="#schema-${id}">${id}</a></p>`;
}

/** Named shapes inside are references; the shape itself is spelt out. */
function toJson(schema: z.ZodType): Schema & { id?: string } {
  const { $defs = {}, ...own } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' });
  const name = own.$ref?.slice(own.$ref.lastIndexOf('/') + 1);
  return (name === undefined ? own : { ...$defs[name], id: name }) as Schema & { id?: string };
}
