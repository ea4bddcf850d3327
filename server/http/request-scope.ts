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
/** Followed by the server's name: answers that cross on their way must not undo one another's marks. */
const COOKIE = 'pinhole_seen_';
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
  // By callback: an async function would cost every answer a turn.
  server.addHook('preSerialization', (request, _reply, payload, done) =>
    done(null, request.scope.isPartial && isPage(payload) ? { ...payload, isPartial: true } : payload),
  );
  server.addHook('onSend', (request, reply, payload, done) => {
    if (request.scope.written.size > 0) writeMarks(app, request, reply);
    done(null, payload);
  });
}

function isPage(payload: unknown): payload is { items: unknown[] } {
  return typeof payload === 'object' && payload !== null && 'items' in payload;
}

/** Null: a program that has not said what it has seen. It is answered by primaries alone. */
function readMarks(request: FastifyRequest): Map<string, bigint> | null {
  const said = request.headers[HEADER];
  if (request.headers.authorization !== undefined && said === undefined) return null;
  const given = said === undefined ? inCookies(request) : String(said).split('.');
  const marks = new Map<string, bigint>();
  for (const each of given.slice(0, MARKS_MAX)) {
    if (each === '') continue;
    const [, server, position] = MARK.exec(each) ?? [];
    if (!server || !position) return null;
    marks.set(server, BigInt(`0x${position}`));
  }
  return marks;
}

function inCookies(request: FastifyRequest): string[] {
  return Object.entries(request.cookies).flatMap(([name, position]) =>
    name.startsWith(COOKIE) ? `${name.slice(COOKIE.length)}:${position}` : [],
  );
}

function writeMarks(app: App, request: FastifyRequest, reply: FastifyReply): void {
  const marks = [...request.scope.marks].map(
    ([server, position]) => [server, position.toString(16).toUpperCase()] as const,
  );
  if (request.headers.authorization !== undefined) {
    reply.header(HEADER, marks.map((mark) => mark.join(':')).join('.'));
    return;
  }
  const secure = app.publicUrl.startsWith('https:');
  for (const [server, position] of marks)
    if (request.scope.written.has(server))
      reply.setCookie(COOKIE + server, position, {
        path: '/',
        httpOnly: true,
        sameSite: 'lax',
        secure,
        maxAge: COOKIE_SECONDS,
      });
}
