// The HTTP server of api: Nest on Fastify, and what is true of every answer: a request id, security headers, no cross-origin
// access, limits of size and time.
import { randomUUID } from 'node:crypto';
import { createServer, maxHeaderSize, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { guardRequests, type Log, portOf, requestLimits, silentMsMax, toUrl } from '@platte/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiModule } from './api.module.js';
import type { Identify, Throttle } from './http/access-guard.js';
import { answerUnreadable } from './http/unreadable.js';
import { scriptHash } from './docs/script.js';
import { acceptJson } from './http/json-body.js';
import { sendProblem } from './http/problem-filter.js';
import { parseQuery } from './http/query.js';
import { makeThrottle } from './http/throttle.js';
import type { Observe } from './observe-requests.js';
import type { ApiParts } from './parts.js';
import { registerCommandLineSignIn } from './sign-in/command-line-routes.js';
import { registerSignIn, type SignInParts } from './sign-in/sign-in-routes.js';

/** A package with 64 files and a policy with 50 windows and freezes is a tenth of this. */
const bodyBytesMax = 256 * 1024;
/** All that Node lets through: what is too long is told by the schema, which says of what. */
const paramCharsMax = maxHeaderSize;
/** Longer than a balancer keeps idle connections, so that it is never the one who finds them closed. */
const keepAliveTimeoutMs = 65_000;
/** People and scripts, 200 event streams among them; a balancer in front keeps its own connections. */
const connectionsMax = 5_000;

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
    serverFactory: (answer: RequestListener) => makeServer(answer, parts.log),
    forceCloseConnections: true,
    clientErrorHandler: answerUnreadable,
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
  await prepare(adapter.getInstance(), options, throttle);
  await app.listen(port, host);
  const server = app.getHttpServer();
  const realPort = portOf(server);
  return {
    url: toUrl(host, realPort),
    port: realPort,
    close: () => app.close(),
  };
}

/** Fastify would set the time for a whole request only, and look for slow ones every 30 s. */
function makeServer(answer: RequestListener, log: Log): Server {
  const onError = (error: unknown): void => log.error({ err: error }, 'a request failed outside of its route');
  const server = createServer(
    { ...requestLimits, keepAliveTimeout: keepAliveTimeoutMs },
    guardRequests(answer, onError),
  );
  server.maxConnections = connectionsMax;
  server.timeout = silentMsMax;
  return server;
}

async function prepare(
  fastify: FastifyInstance,
  { signIn, observe, identify }: ApiServerOptions,
  throttle: Throttle,
): Promise<void> {
  await fastify.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        // Of the page that describes the API.
        scriptSrc: ["'self'", scriptHash],
        // The console's charts and tables set sizes and colours by style attributes.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    // TLS ends before us, and only whoever ends it knows that it is there to stay.
    strictTransportSecurity: false,
  });
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id).header('cache-control', 'no-store');
  });
  if (observe) fastify.addHook('onResponse', async (request, reply) => observe(request, reply));
  acceptJson(fastify);
  if (signIn) {
    await fastify.register(cookie);
    await fastify.register(async (scope) => {
      // Beside Nest, whose filter does not see what is thrown here.
      scope.setErrorHandler((error, request, reply) => sendProblem(signIn.log, error, request, reply));
      registerSignIn(scope, signIn, throttle);
      await registerCommandLineSignIn(scope, { signIn, identify, throttle });
    });
  }
}

/** A caller's own id is kept if it can be put into a log line as it is. */
function acceptRequestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : undefined;
}
