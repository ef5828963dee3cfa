// A body of JSON as RFC 8259 has it between strangers: in UTF-8. Node's own decoder puts U+FFFD where bytes are wrong, and
// what was meant is lost without a word.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiProblem } from './problems.js';

const decoder = new TextDecoder('utf-8', { fatal: true });

export function acceptJson(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  // What would change an object's prototype is refused.
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  for (const type of ['application/json', 'application/merge-patch+json'])
    fastify.addContentTypeParser(type, { parseAs: 'buffer' }, (request, body: Buffer, done) => {
      const text = decode(request, body);
      // Commands may come without a body: all their fields have defaults.
      if (text instanceof ApiProblem || text === '') done(text === '' ? null : text, undefined);
      else void parseJson(request, text, done);
    });
}

function decode({ headers }: FastifyRequest, body: Buffer): string | ApiProblem {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  const coding = headers['content-encoding'] ?? 'identity';
  if (charset.toLowerCase() !== 'utf-8' || coding.toLowerCase() !== 'identity')
    return new ApiProblem('unsupported-media-type', {
      detail: `A body in ${charset}, ${coding}, is not understood here.`,
    });
  try {
    return decoder.decode(body);
  } catch (cause) {
    return new ApiProblem('malformed-body', { detail: 'The body is not UTF-8.' }, { cause });
  }
}
