// The one place where what went wrong becomes a problem document: our own refusals, Fastify's, and failures of stores.
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { apiPrefix, getOperation, operationIds, problemKinds, toProblemType, type Problem } from '@platte/api-contract';
import { isStoreFailure, type Log } from '@platte/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { pageType, renderProblemPage, wantsPage } from './page.js';
import { ApiProblem } from './problems.js';

@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(this.log, error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

export function sendProblem(log: Log, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toApiProblem(error, request);
  const { status, title, remedy } = problemKinds[problem.kind];
  if (status >= 500) log.error({ err: error, requestId: request.id, route: request.routeOptions.url }, problem.message);
  // An event stream that has begun cannot change its mind: it ends, and the client asks again.
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  const { headers = {}, detail, ...rest } = problem.details;
  const instance = request.url.split('?')[0] ?? '';
  const type = toProblemType(problem.kind);
  const body: Problem = { type, title, status, detail, instance, requestId: request.id, remedy, ...rest };
  send(body, request, reply.status(status).headers(headers));
}

/** People go to the places of signing in by a browser, and to the rest of the API by a program. */
function send(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  if (problem.instance.startsWith('/auth/')) {
    void reply.header('vary', 'Accept');
    if (wantsPage(request.headers.accept)) return void reply.type(pageType).send(renderProblemPage(problem));
  }
  void reply.header('content-type', 'application/problem+json; charset=utf-8').send(JSON.stringify(problem));
}

function toApiProblem(error: unknown, request: FastifyRequest): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const status = statusOf(error);
  const code = codeOf(error);
  if (status === 404) return toNoRoute(request);
  if (status === 413) return new ApiProblem('body-too-large', { detail: 'The body passes the limit of 256 KiB.' });
  if (status === 415)
    return new ApiProblem('unsupported-media-type', {
      detail: `${request.headers['content-type'] ?? 'A body without a type'} is not understood here.`,
    });
  if (code === 'FST_ERR_BAD_URL')
    return new ApiProblem('malformed-request', { detail: 'The URL is not percent-encoded UTF-8.' });
  if (status === 400) return new ApiProblem('malformed-body', { detail: wordsOf(error) }, { cause: error });
  if (status !== undefined && status < 500)
    return new ApiProblem('invalid-request', { detail: wordsOf(error) }, { cause: error });
  if (isStoreFailure(error))
    return new ApiProblem(
      'store-unavailable',
      { detail: 'A store that this needs does not answer.' },
      { cause: error },
    );
  return new ApiProblem('internal', { detail: 'The cause is in the log, under the request id.' }, { cause: error });
}

function toNoRoute(request: FastifyRequest): ApiProblem {
  const path = request.url.split('?')[0] ?? '';
  const methods = operationIds
    .map(getOperation)
    .filter((operation) => toPattern(operation.path).test(path))
    // What can be read can be asked for its headers alone; a stream has no end that its headers could be told of.
    .flatMap(({ method, produces }) =>
      method === 'GET' && produces !== 'text/event-stream' ? [method, 'HEAD'] : [method],
    );
  if (methods.length === 0 || methods.includes(request.method))
    return new ApiProblem('not-found', { detail: `There is nothing at ${path}. The API is below ${apiPrefix}.` });
  return new ApiProblem('method-not-allowed', {
    detail: `${path} knows ${methods.join(', ')}, not ${request.method}.`,
    headers: { allow: methods.join(', ') },
  });
}

function toPattern(path: string): RegExp {
  return new RegExp(`^${apiPrefix}${path.replace(/\{\w+\}/g, '[^/]+')}$`);
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number')
    return error.statusCode;
  return undefined;
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'cause' in error ? codeOf(error.cause) : '';
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : 'The request cannot be read.';
}
