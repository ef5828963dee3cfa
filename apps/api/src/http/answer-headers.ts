// Headers that follow from what is answered: ETag from a revision, Link from a next page, Location of what was created.
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { apiPrefix, getOperation, type OperationId } from '@platte/api-contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { operationKey } from './operation-route.js';

@Injectable()
export class AnswerHeaders implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const id = Reflect.getMetadata(operationKey, context.getHandler()) as OperationId;
    return next.handle().pipe(
      map((answer: unknown) => {
        setHeaders(id, answer, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
        return answer;
      }),
    );
  }
}

function setHeaders(id: OperationId, answer: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { etag, status, path, produces } = getOperation(id);
  if (typeof answer === 'string' && produces) void reply.header('content-type', `${produces}; charset=utf-8`);
  // Each event goes out as it comes: nginx and its like would gather them first.
  if (produces === 'text/event-stream')
    void reply.header('x-accel-buffering', 'no').header('cache-control', 'no-store, no-transform');
  if (typeof answer !== 'object' || answer === null) return;
  if (etag && 'revision' in answer) void reply.header('etag', `"${String(answer.revision)}"`);
  if ('next' in answer && typeof answer.next === 'string')
    void reply.header('link', `<${toNextUrl(request.url, answer.next)}>; rel="next"`);
  if (status === 201 && 'id' in answer) {
    const list = path.startsWith('/groups/') ? '/rollouts' : path;
    void reply.header('location', `${apiPrefix}${list}/${String(answer.id)}`);
  }
}

function toNextUrl(url: string, cursor: string): string {
  const [path = '', query = ''] = url.split('?');
  const params = new URLSearchParams(query);
  params.set('cursor', cursor);
  return `${path}?${params.toString()}`;
}
