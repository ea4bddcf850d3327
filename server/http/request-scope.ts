/**
 * The context of each request (infra/request-context.ts): how long it may wait for databases, whether its answer is
 * partial, and how far its session has written, which it carries itself: browsers in a cookie, programs in a header.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../infra/app.ts';
import { newRequestContext, type RequestContext, runInContext } from '../infra/request-context.ts';
import type { Server } from './server.ts';

declare module 'fastify' {
  interface FastifyRequest {
    scope: RequestContext;
  }
}

const HEADER = 'pinhole-seen';
const COOKIE = 'pinhole_seen';
/** A replica that lags longer gets no reads: older marks say nothing. */
const COOKIE_SECONDS = 60;
const MARK = /^([a-z0-9-]{1,32}):([0-9A-F]{1,16})$/;
const MARKS_MAX = 64;

export function scopeRequests(server: Server, app: App): void {
  server.decorateRequest('scope');
  server.addHook('onRequest', (request, _reply, done) => {
    request.scope = newRequestContext(readMarks(request));
    // Photos may take minutes to arrive.
    if (request.routeOptions.config.takesBytes) request.scope.turnsLeft = Number.POSITIVE_INFINITY;
    runInContext(request.scope, done);
  });
  // What comes after the body comes from the connection, and has lost the context.
  server.addHook('preValidation', (request, _reply, done) => runInContext(request.scope, done));
  server.addHook('preSerialization', async (request, _reply, payload) =>
    request.scope.isPartial && isPage(payload) ? { ...payload, isPartial: true } : payload,
  );
  server.addHook('onSend', async (request, reply) => {
    if (request.scope.hasWritten) writeMarks(app, request, reply);
  });
}

function isPage(payload: unknown): payload is { items: unknown[] } {
  return typeof payload === 'object' && payload !== null && 'items' in payload;
}

/** Null: a program that has not said what it has seen. It is answered by primaries alone. */
function readMarks(request: FastifyRequest): Map<string, bigint> | null {
  const said = request.headers[HEADER];
  if (request.headers.authorization !== undefined && said === undefined) return null;
  const text = String(said ?? request.cookies[COOKIE] ?? '');
  const marks = new Map<string, bigint>();
  for (const each of text === '' ? [] : text.split('.').slice(0, MARKS_MAX)) {
    const [, server, position] = MARK.exec(each) ?? [];
    if (!server || !position) return null;
    marks.set(server, BigInt(`0x${position}`));
  }
  return marks;
}

function writeMarks(app: App, request: FastifyRequest, reply: FastifyReply): void {
  const text = [...request.scope.marks]
    .map(([server, position]) => `${server}:${position.toString(16).toUpperCase()}`)
    .join('.');
  if (request.headers.authorization !== undefined) {
    reply.header(HEADER, text);
    return;
  }
  const secure = app.publicUrl.startsWith('https:');
  reply.setCookie(COOKIE, text, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure,
    maxAge: COOKIE_SECONDS,
  });
}
