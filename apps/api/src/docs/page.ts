// The API as a page to read: from the table of operations and the document that is made of it. Everything is there without
// a script; the one that it has filters what is shown, and nothing comes from elsewhere.
import {
  apiPrefix,
  getOperation,
  operationIds,
  problemKinds,
  toProblemType,
  type ProblemName,
} from '@platte/api-contract';
import type { OpenApi } from './document.js';
import { html, prose, raw, type Html } from './html.js';
import { renderIntroduction } from './introduction.js';
import { renderOperation, titleOf } from './operation.js';
import { script } from './script.js';
import { renderShape } from './shapes.js';
import { style } from './style.js';

export function renderDocs(document: OpenApi): string {
  const { version } = document.info;
  const parameters = new Map(
    Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((operation) => [operation.operationId, operation.parameters] as const),
    ),
  );
  const rooms = document.tags.map(({ name, description }) => {
    const shown = idsOf(name).map((id) => renderOperation(id, parameters.get(id) ?? []));
    return html`<section id="${name}">
      <h2>${capitalise(name)}</h2>
      <p class="lead">${prose(description)}</p>
      ${shown}
    </section>`;
  });
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Platte API ${version}</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <a class="skip" href="#main">To the text</a>
        <nav aria-label="Operations">
          <div class="brand"><strong>Platte API</strong> <span class="note">${version}</span></div>
          <input
            id="find"
            type="search"
            placeholder="Filter: pause, PATCH, /instances…"
            aria-label="Filter operations"
            autocomplete="off"
            hidden
          />
          <details id="contents" open>
            <summary>Contents</summary>
            <p class="group">
              <a href="#start">Start</a> · <a href="#errors">Errors</a> · <a href="#schemas">Shapes</a> ·
              <a href="${apiPrefix}/openapi.json">openapi.json</a>
            </p>
            ${document.tags.map(({ name }) => renderLinks(name))}
            <p id="none" class="note" hidden>Nothing is called so.</p>
          </details>
        </nav>
        <main id="main">
          <section id="start">${renderIntroduction()}</section>
          ${rooms}${renderErrors()}${renderSchemas(document)}
        </main>
        ${raw(`<script>${script}</script>`)}
      </body>
    </html>`;
  return page.text;
}

const idsOf = (tag: string) => operationIds.filter((id) => getOperation(id).tag === tag);
const capitalise = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

function renderLinks(tag: string): Html {
  const links = idsOf(tag).map((id) => {
    const { method } = getOperation(id);
    return html`<li data-for="${id}">
      <a href="#${id}"><span class="method ${method.toLowerCase()}">${method}</span><span>${titleOf(id)}</span></a>
    </li>`;
  });
  return html`<div class="group">
    <a class="tag" href="#${tag}">${capitalise(tag)}</a>
    <ul>
      ${links}
    </ul>
  </div>`;
}

function renderErrors(): Html {
  const rows = Object.entries(problemKinds).map(
    ([name, { status, title, remedy }]) =>
      html`<tr id="problem-${name}">
        <th scope="row">
          <code>${status}</code> <a class="anchor" href="#problem-${name}">${name}</a><br /><code class="note"
            >${toProblemType(name as ProblemName)}</code
          >
        </th>
        <td>${title}.<br /><span class="note">${prose(remedy)}</span></td>
      </tr>`,
  );
  return html`<section id="errors">
    <h2>Errors</h2>
    <p class="lead">
      Every error is <code>application/problem+json</code> (RFC 9457). Branch on <code>type</code>, never on words;
      <code>errors</code> points at what is wrong: a JSON pointer into the body, <code>?name</code> for the query,
      <code>{name}</code> for the path. <code>remedy</code> says what you can do, and <code>requestId</code> is in the
      log.
    </p>
    <table class="fields">
      <tbody>
        ${rows}
      </tbody>
    </table>
  </section>`;
}

function renderSchemas({ components }: OpenApi): Html {
  const shapes = Object.entries(components.schemas).map(
    ([name, schema]) =>
      html`<article id="schema-${name}">
        <h3><a class="anchor" href="#schema-${name}">${name}</a></h3>
        ${schema.description !== undefined && html`<p>${prose(schema.description)}</p>`}${renderShape(schema)}
      </article>`,
  );
  return html`<section id="schemas">
    <h2>Shapes</h2>
    <p class="lead">An asterisk marks what is always there, or must be sent.</p>
    ${shapes}
  </section>`;
}
