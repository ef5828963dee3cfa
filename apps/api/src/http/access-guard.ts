// Who may do what: every route names its operation, every operation its role. A route without one is a mistake and is
// refused to everybody; the table is walked as every role by a test.
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { getOperation, isAllowed, isChange, type OperationId } from '@platte/api-contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { assertSeesAll, nobody, setCaller, type Caller } from './caller.js';
import { operationKey } from './operation-route.js';
import { ApiProblem } from './problems.js';

/** Finds out who asks; undefined when the request does not say. @throws ApiProblem when what it says is not true */
export type Identify = (request: FastifyRequest) => Promise<Caller | undefined>;
/** Counts the request against the caller's budget. @throws ApiProblem when it is spent */
export type Throttle = (who: string, reply: FastifyReply) => void;

@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly identify: Identify,
    private readonly throttle: Throttle,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const id = Reflect.getMetadata(operationKey, context.getHandler()) as OperationId | undefined;
    if (id === undefined) throw new ApiProblem('forbidden', { detail: 'This route names no operation.' });
    const operation = getOperation(id);
    const { role, scope, produces } = operation;
    if (request.method === 'HEAD' && produces === 'text/event-stream') throw noHead(request.url);
    const reply = http.getResponse<FastifyReply>();
    const caller = role === 'public' ? nobody : await this.identifyOrCount(request, reply);
    this.throttle(caller?.id || request.ip, reply);
    if (!caller) throw unauthenticated('The request carries no token.');
    if (!isAllowed(caller.role, role))
      throw new ApiProblem('forbidden', { detail: `${id} needs the role ${role}; ${caller.name} is ${caller.role}.` });
    if (scope === 'platform') assertSeesAll(caller);
    const again = () => this.identify(request);
    setCaller(request, { ...caller, again, dryRun: isChange(operation) && asksDryRun(request.query) });
    return true;
  }

  /** What does not sign in counts against its address: guessing secrets must not be free. */
  private async identifyOrCount(request: FastifyRequest, reply: FastifyReply): Promise<Caller | undefined> {
    try {
      return await this.identify(request);
    } catch (error) {
      this.throttle(request.ip, reply);
      throw error;
    }
  }
}

function noHead(url: string): ApiProblem {
  return new ApiProblem('method-not-allowed', {
    detail: `${url.split('?')[0]} is a stream: it knows GET.`,
    headers: { allow: 'GET' },
  });
}

/** Any other value than `true` and `false` is refused where the request is parsed. */
function asksDryRun(query: unknown): boolean {
  return typeof query === 'object' && query !== null && 'dryRun' in query && query.dryRun === 'true';
}

export function unauthenticated(detail: string): ApiProblem {
  return new ApiProblem('unauthenticated', { detail, headers: { 'www-authenticate': 'Bearer realm="platte"' } });
}
