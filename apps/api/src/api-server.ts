// The HTTP server of api: Nest on Fastify, and what is true of every answer: a request id, security headers, no cross-origin
// access, limits of size and time.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { portOf, toUrl } from '@platte/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiModule } from './api.module.js';
import type { Identify } from './http/access-guard.js';
import { sendProblem } from './http/problem-filter.js';
import { makeThrottle } from './http/throttle.js';
import type { Observe } from './observe-requests.js';
import type { ApiParts } from './parts.js';
import { registerSignIn, type SignInParts } from './sign-in/sign-in-routes.js';

/** A package with 64 files and a policy with 50 windows and freezes is a tenth of this. */
const bodyBytesMax = 256 * 1024;
/** An instance id is up to 128 characters, each up to nine bytes when percent-encoded. */
const paramCharsMax = 2048;
/** Whoever needs longer to send a small request is broken or means harm. */
const requestTimeoutMs = 30_000;
/** Longer than a balancer keeps idle connections, so that it is never the one who finds them closed. */
const keepAliveTimeoutMs = 65_000;

export interface ApiServer {
  /** `http://127.0.0.1:8080` */
  url: string;
  port: number;
  close(): Promise<void>;
}

export interface ApiServerOptions {
  host: string;
  port: number;
  parts: ApiParts;
  identify: Identify;
  requestsPerMinute: number;
  trustedProxies?: string[];
  observe?: Observe;
  /** Absent where people cannot sign in. */
  signIn?: SignInParts | undefined;
}

export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { host, port, parts, identify, requestsPerMinute, trustedProxies = [] } = options;
  const adapter = new FastifyAdapter({
    bodyLimit: bodyBytesMax,
    routerOptions: { maxParamLength: paramCharsMax, querystringParser: parseQuery },
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    forceCloseConnections: true,
    trustProxy: trustedProxies.length > 0 ? trustedProxies : false,
    requestIdHeader: false,
    genReqId: (request: IncomingMessage) => acceptRequestId(request.headers['x-request-id']) ?? randomUUID(),
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(parts.log, error, request, reply),
  });
  const throttle = makeThrottle({ perMinute: requestsPerMinute, now: parts.now });
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.of({ parts, identify, throttle }), adapter, {
    logger: false,
    bodyParser: false,
    abortOnError: false,
  });
  await prepare(adapter.getInstance(), options);
  await app.listen(port, host);
  const server = app.getHttpServer();
  const realPort = portOf(server);
  return {
    url: toUrl(host, realPort),
    port: realPort,
    close: () => app.close(),
  };
}

async function prepare(fastify: FastifyInstance, { signIn, observe }: ApiServerOptions): Promise<void> {
  await fastify.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        // The console's charts and tables set sizes and colours by style attributes.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    // TLS ends before us, and only whoever ends it knows that it is there to stay.
    strictTransportSecurity: false,
  });
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id).header('cache-control', 'no-store');
  });
  if (observe) fastify.addHook('onResponse', async (request, reply) => observe(request, reply));
  fastify.removeAllContentTypeParsers();
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  for (const type of ['application/json', 'application/merge-patch+json']) {
    fastify.addContentTypeParser(type, { parseAs: 'string' }, (request, body: string, done) => {
      // Commands may come without a body: all their fields have defaults.
      if (body === '') done(null, undefined);
      else void parseJson(request, body, done);
    });
  }
  if (signIn) {
    await fastify.register(cookie);
    registerSignIn(fastify, signIn);
  }
}

/** A repeated parameter is an error of the caller, which the schema of the query then names: it is an array. */
function parseQuery(query: string): Record<string, string | string[]> {
  const parsed: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  const params = new URLSearchParams(query);
  for (const name of new Set(params.keys())) {
    const values = params.getAll(name);
    parsed[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return parsed;
}

/** A caller's own id is kept if it can be put into a log line as it is. */
function acceptRequestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : undefined;
}
