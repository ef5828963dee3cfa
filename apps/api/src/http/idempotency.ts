// `Idempotency-Key` on POST: the request is carried out once, and whoever repeats it within a day gets the first answer.
// Only success is kept. What was refused changed nothing, so that it may be tried again under the same key.
import { createHash } from 'node:crypto';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { getOperation, type OperationId } from '@platte/api-contract';
import { beginKey, forgetKey, keepAnswer, type KeptAnswer, type Store } from '@platte/state-store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catchError, concatMap, from, of, type Observable } from 'rxjs';
import { callerOf } from './caller.js';
import { operationKey } from './operation-route.js';
import { ApiProblem } from './problems.js';

const keptHeaders = ['etag', 'location'];

@Injectable()
export class Idempotency implements NestInterceptor {
  constructor(
    private readonly store: Store,
    private readonly now: () => number,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const id = Reflect.getMetadata(operationKey, context.getHandler()) as OperationId;
    const header = request.headers['idempotency-key'];
    const caller = callerOf(request);
    // A dry run may be sent under the key of what follows it: nothing happened yet.
    if (header === undefined || caller.dryRun || getOperation(id).method !== 'POST') return next.handle();
    const key = parseKey(header);
    const actor = caller.id;
    const begun = await beginKey(this.store.pool, { actor, key, requestSha256: hashOf(request), now: this.now() });
    switch (begun.status) {
      case 'answered':
        return of(replay(begun.answer, reply));
      case 'running':
        throw new ApiProblem('idempotency-key-in-use', {
          detail: `The request with the key ${key} has no answer yet.`,
        });
      case 'other-request':
        throw new ApiProblem('idempotency-key-reused', {
          detail: `The key ${key} was sent with another path or body.`,
        });
      case 'begun':
        return next.handle().pipe(
          concatMap((answer: unknown) => from(this.keep(actor, key, toKept(id, answer, reply)).then(() => answer))),
          catchError((error: unknown) => from(this.forget(actor, key, error))),
        );
    }
  }

  private keep(actor: string, key: string, answer: KeptAnswer): Promise<void> {
    return keepAnswer(this.store.pool, actor, key, answer);
  }

  private async forget(actor: string, key: string, error: unknown): Promise<never> {
    await forgetKey(this.store.pool, actor, key);
    throw error;
  }
}

function parseKey(header: string | string[]): string {
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  const detail = 'is 1 to 255 printable characters without blanks, for example a UUID';
  throw new ApiProblem('invalid-request', {
    detail: `Idempotency-Key ${detail}`,
    errors: [{ pointer: 'Idempotency-Key', detail }],
  });
}

/** What makes two requests the same one. The body is JSON, so that its text is of its meaning. */
export function hashOf({ method, url, body }: Pick<FastifyRequest, 'method' | 'url' | 'body'>): Buffer {
  return createHash('sha256')
    .update(`${method} ${url}\n${JSON.stringify(body ?? {})}`)
    .digest();
}

function toKept(id: OperationId, answer: unknown, reply: FastifyReply): KeptAnswer {
  const headers = keptHeaders.flatMap((name) => {
    const value = reply.getHeader(name);
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  return {
    status: reply.statusCode,
    headers: Object.fromEntries(headers),
    body: JSON.stringify(withoutSecret(id, answer)),
  };
}

/** A token is shown once and stored nowhere, also not here: its repeated creation tells all but the secret. */
function withoutSecret(id: OperationId, answer: unknown): unknown {
  return id === 'createToken' && typeof answer === 'object' ? { ...answer, token: '' } : answer;
}

function replay({ status, headers, body }: KeptAnswer, reply: FastifyReply): unknown {
  void reply.status(status).headers(headers).header('idempotent-replayed', 'true');
  return JSON.parse(body);
}
