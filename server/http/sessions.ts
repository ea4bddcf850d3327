/** Who is asking: by bearer token, or by cookie from our own pages. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Forbidden, Unauthenticated } from '../errors.ts';
import type { Viewer } from '../features/accounts/accounts.ts';
import { findViewer } from '../features/accounts/sessions.ts';
import type { App } from '../infra/app.ts';

declare module 'fastify' {
  interface FastifyRequest {
    viewer: Viewer | null;
  }
}

const COOKIE_SECONDS = 180 * 86_400;
export const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Throws Unauthenticated for a token that is not (any longer) good; null when there is none. */
export async function authenticate(app: App, request: FastifyRequest): Promise<Viewer | null> {
  const bearer = /^Bearer (\S{1,200})$/.exec(request.headers.authorization ?? '')?.[1];
  if (request.headers.authorization !== undefined && bearer === undefined) throw new Unauthenticated();
  if (bearer !== undefined) {
    const viewer = await findViewer(app, bearer);
    if (!viewer) throw new Unauthenticated('session_ended', 'This session has ended. Sign in again.');
    return viewer;
  }
  const cookie = request.cookies[cookieName(app)];
  return cookie ? findViewer(app, cookie) : null;
}

/** Whether a browser says that it is signed in; nobody has looked whether that is true. */
export function hasSessionCookie(app: App, request: FastifyRequest): boolean {
  return request.cookies[cookieName(app)] !== undefined;
}

/** The viewer, or Unauthenticated. */
export function viewerOf(request: FastifyRequest): Viewer {
  if (!request.viewer) throw new Unauthenticated();
  return request.viewer;
}

/** A page of another site can make a browser send our cookie; it cannot make it send our Origin. */
export function refuseCrossSite(app: App, request: FastifyRequest): void {
  if (SAFE_METHODS.has(request.method) || request.headers.authorization !== undefined) return;
  const site = request.headers['sec-fetch-site'];
  const { origin } = request.headers;
  const isForeign =
    origin !== undefined
      ? !isOurs(app, request, origin)
      : site !== undefined && site !== 'same-origin' && site !== 'none';
  if (isForeign)
    throw new Forbidden(
      'cross_site',
      'Requests that change something must come from our own pages, or carry a bearer token.',
    );
}

function isOurs(app: App, request: FastifyRequest, origin: string): boolean {
  if (origin === app.publicUrl) return true;
  // Not request.host, which behind a proxy takes the sender's X-Forwarded-Host.
  const { host } = request.headers;
  return URL.canParse(origin) && new URL(origin).host === host && !app.publicUrl.startsWith('https:');
}

export function setSessionCookie(app: App, reply: FastifyReply, token: string): void {
  reply.setCookie(cookieName(app), token, { ...cookieOptions(app), maxAge: COOKIE_SECONDS });
}

export function clearSessionCookie(app: App, reply: FastifyReply): void {
  reply.clearCookie(cookieName(app), cookieOptions(app));
}

/** __Host- binds the cookie to this very host over https; a first try over plain http at home works without. */
function cookieName(app: App): string {
  return app.publicUrl.startsWith('https:') ? '__Host-pinhole_session' : 'pinhole_session';
}

function cookieOptions(app: App) {
  return { path: '/', httpOnly: true, sameSite: 'lax', secure: app.publicUrl.startsWith('https:') } as const;
}
