/** The edge: one Fastify server with our parser, serialiser, headers, sessions and error replies. Knows no feature. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import cookie from '@fastify/cookie';
import swagger from '@fastify/swagger';
import fastJsonStringify from 'fast-json-stringify';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
  type RawServerDefault,
} from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ExpectedError } from '../errors.ts';
import type { App } from '../infra/app.ts';
import { answerClientError, answerError } from './errors.ts';
import { parseJson } from './json.ts';
import { POLICY_REPORTS } from './policy-reports.ts';
import { openRateLimits, type RateLimits } from './rate-limits.ts';
import { scopeRequests } from './request-scope.ts';
import { authenticate, refuseCrossSite, SAFE_METHODS } from './sessions.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is bytes, which the handler reads itself; elsewhere it is JSON. */
    takesBytes?: true;
  }
}

export type Server = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;
export type Routes = (server: Server, app: App, limits: RateLimits) => void;

const JSON_MAX_BYTES = 256 * 1024;
const REQUEST_TIMEOUT_MS = 120_000;
const HEADERS_TIMEOUT_MS = 15_000;
/** Where the client's code is: of its files only those that run as workers heed a policy of their own. */
const CODE = '/assets/';

/**
 * Photos may come from a host of their own, and go straight to the object store. `isCode`: of eval only WebAssembly's, for
 * the worker that runs the filters; no page may do even that.
 */
function contentSecurityPolicy({ config }: App, isCode: boolean): string {
  const originOf = (url: string) => (url ? ` ${new URL(url).origin}` : '');
  return [
    "default-src 'self'",
    `script-src 'self'${isCode ? " 'wasm-unsafe-eval'" : ''}`,
    `img-src 'self'${originOf(config.mediaUrl)}`,
    `connect-src 'self'${originOf(config.s3?.endpoint ?? '')}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    `report-uri ${POLICY_REPORTS}`,
  ].join('; ');
}

/** `api` is mounted under /api/v1, `root` beside it. */
export async function buildServer(app: App, mounts: { api: Routes[]; root: Routes[] }): Promise<Server> {
  const server = Fastify({
    loggerInstance: app.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: app.config.proxies > 0 && ((_address: string, hop: number) => hop < app.config.proxies),
    bodyLimit: JSON_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: (error, request, reply) => answerError(app, error, request, reply),
    clientErrorHandler: answerClientError,
    // The server answers what it has, then closes; new connections are refused meanwhile.
    return503OnClosing: true,
    forceCloseConnections: 'idle',
  }).withTypeProvider<ZodTypeProvider>();
  server.server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(({ schema }) => serializerOf(schema));
  server.setErrorHandler((error, request, reply) => answerError(app, error, request, reply));
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      if (request.routeOptions.config.takesBytes) throw wrongType(SEND_BYTES);
      return parseJson(body);
    },
  );
  server.addContentTypeParser(
    /^(image\/|application\/(offset\+)?octet-stream)/,
    async (request: FastifyRequest, payload: IncomingMessage) => {
      if (!request.routeOptions.config.takesBytes) throw wrongType(SEND_JSON);
      return payload;
    },
  );
  await server.register(cookie);
  scopeRequests(server, app);
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Pinhole', version: 'v1', description: API_DESCRIPTION },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          cookie: { type: 'apiKey', in: 'cookie', name: 'pinhole_session' },
        },
      },
      security: [{ bearer: [] }, { cookie: [] }, {}],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  const pagePolicy = contentSecurityPolicy(app, false);
  const codePolicy = contentSecurityPolicy(app, true);
  server.decorateRequest('viewer', null);
  server.addHook('onRequest', async ({ url }, reply) => {
    reply.headers({
      'content-security-policy': url.startsWith(CODE) ? codePolicy : pagePolicy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      ...(app.publicUrl.startsWith('https:') ? { 'strict-transport-security': 'max-age=31536000' } : {}),
    });
  });
  let isClosing = false;
  server.addHook('preClose', async () => {
    isClosing = true;
  });
  // Otherwise a client that keeps its connection would hold up the stop until it is tired of it.
  server.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close');
  });
  const rateLimits = openRateLimits(app);
  await server.register(
    async (scope) => {
      const api = scope.withTypeProvider<ZodTypeProvider>();
      api.addHook('onRequest', async (request, reply) => {
        reply.header('cache-control', 'private, no-store');
        refuseCrossSite(app, request);
        request.viewer = await authenticate(app, request);
      });
      // A body may take minutes to arrive: the session must still be good when it has.
      api.addHook('preHandler', async (request) => {
        if (request.viewer && !SAFE_METHODS.has(request.method))
          request.viewer = await authenticate(app, request);
      });
      for (const routes of mounts.api) routes(api, app, rateLimits);
    },
    { prefix: '/api/v1' },
  );
  for (const routes of mounts.root) routes(server, app, rateLimits);
  return server;
}

const SEND_JSON = 'Send JSON with the content type application/json.';
const SEND_BYTES = 'Send the bytes of a photo, with the content type application/octet-stream.';

function wrongType(message: string): ExpectedError {
  return new ExpectedError(415, 'media_type', message);
}

const serializers = new Map<unknown, (value: unknown) => string>();

/**
 * Replies are written by code made from their schema, when the first one is: twice as fast as JSON.stringify behind a validation,
 * and what the schema does not name is never sent.
 */
function serializerOf(schema: unknown): (value: unknown) => string {
  if (!(schema instanceof z.ZodType)) return JSON.stringify;
  const known = serializers.get(schema);
  if (known) return known;
  let made: ((value: unknown) => string) | undefined;
  const write = (value: unknown) => {
    made ??= fastJsonStringify(
      z.toJSONSchema(schema, { target: 'draft-7', io: 'output' }) as Parameters<typeof fastJsonStringify>[0],
    );
    return made(value);
  };
  serializers.set(schema, write);
  return write;
}

const API_DESCRIPTION = `The API of a Pinhole network: the same one that its web client uses.

Programs sign in with \`POST /api/v1/sessions\` and \`kind: "bearer"\`, and send the token as \`Authorization: Bearer …\`.
IDs are 63-bit numbers as text. Lists are pages: \`{items, nextCursor}\`; send \`nextCursor\` as \`cursor\` for the next one.
Errors have a body \`{error: {code, message, fields?, requestId}}\` with a stable code and a sentence. What one may not
see answers like what does not exist: 404. 429 and 503 carry Retry-After.`;
