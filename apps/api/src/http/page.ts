// Pages beside the console and the documentation: words, and at most one button. Without scripts and without anything from elsewhere.
import type { Problem } from '@platte/api-contract';
import { html, prose, type Html } from '../docs/html.js';

export const pageType = 'text/html; charset=utf-8';

export function renderPage(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" /><title>${title}</title>
      <h1>${title}</h1>
      ${body}
    </html>`.text;
}

/** What is refused, with the same words as its problem document has. */
export function renderProblemPage({ title, detail, remedy, type, requestId }: Problem): string {
  return renderPage(
    title,
    html`<p>${detail}</p>
      <p>${prose(remedy)}</p>
      <p><small>${type}, request ${requestId}</small></p>
      <p><a href="/auth/login">Sign in</a></p>`,
  );
}

/**
 * Whether it is a browser that shows what it gets. A program says JSON, anything, or nothing; who names both in one header
 * wants the one that comes first.
 */
export function wantsPage(accept = ''): boolean {
  const types = accept.split(',').map((range) => range.split(';')[0]?.trim().toLowerCase() ?? '');
  const page = types.indexOf('text/html');
  const json = types.findIndex((type) => type === 'application/json' || type === 'application/problem+json');
  return page !== -1 && (json === -1 || page < json);
}
