// Pages of signing in: words, and at most one button. Without scripts and without anything from elsewhere.
import type { FastifyReply } from 'fastify';

export async function sendPage(reply: FastifyReply, status: number, title: string, text: string): Promise<void> {
  await sendHtml(reply, status, title, `<p>${escapeHtml(text)}</p><p><a href="/auth/login">Sign in</a></p>`);
}

export async function sendHtml(reply: FastifyReply, status: number, title: string, body: string): Promise<void> {
  const safe = escapeHtml(title);
  await reply
    .status(status)
    .type('text/html; charset=utf-8')
    .send(`<!doctype html><html lang="en"><meta charset="utf-8"><title>${safe}</title><h1>${safe}</h1>${body}</html>`);
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
