import type { FastifyReply } from 'fastify';
import type { AccountId } from '../../../core/ids.ts';
import { Forbidden } from '../../errors.ts';
import { languageOf } from '../../http/languages.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { Server } from '../../http/server.ts';
import { clearSessionCookie, setSessionCookie, viewerOf } from '../../http/sessions.ts';
import { hydrateProfile, presentMe } from '../../hydrate/accounts.ts';
import type { App } from '../../infra/app.ts';
import * as accounts from './accounts.ts';
import * as links from './mail-links.ts';
import * as schema from './schema.ts';
import * as sessions from './sessions.ts';

/** `isSetupCode` knows the one-time code that the terminal showed. */
export function accountRoutes(isSetupCode: (code: string) => boolean) {
  return (server: Server, app: App, limits: RateLimits): void => {
    setupRoutes(server, app, limits, isSetupCode);
    sessionRoutes(server, app, limits);
    mailRoutes(server, app, limits);
    ownRoutes(server, app, limits);
    profileRoutes(server, app);
  };
}

async function signIn(
  app: App,
  reply: FastifyReply,
  accountId: AccountId,
  wish: { kind: 'web' | 'bearer'; deviceName?: string | undefined },
  agent: string,
) {
  const token = await sessions.openSession(app, accountId, wish.kind, wish.deviceName ?? agent.slice(0, 100));
  if (wish.kind === 'web') setSessionCookie(app, reply, token);
  return { account: await presentMe(app, { accountId }), token: wish.kind === 'bearer' ? token : null };
}

function setupRoutes(
  server: Server,
  app: App,
  limits: RateLimits,
  isSetupCode: (code: string) => boolean,
): void {
  server.get(
    '/setup',
    {
      schema: {
        tags: ['setup'],
        summary: 'Whether the network still needs its admin',
        response: { 200: schema.setupReply },
      },
    },
    async () => ({ needsAdmin: await accounts.needsAdmin(app) }),
  );

  server.post(
    '/setup',
    {
      schema: {
        tags: ['setup'],
        summary: 'Make the admin account',
        body: schema.setupBody,
        response: { 201: schema.signedIn },
      },
    },
    async (request, reply) => {
      await limits.signIn(request, 'setup');
      const accountId = await accounts.setUpAdmin(app, isSetupCode(request.body.code), {
        ...request.body,
        language: languageOf(request),
      });
      reply.code(201);
      return signIn(app, reply, accountId, request.body, request.headers['user-agent'] ?? '');
    },
  );
}

function sessionRoutes(server: Server, app: App, limits: RateLimits): void {
  server.post(
    '/accounts',
    {
      schema: {
        tags: ['accounts'],
        summary: 'Sign up, and sign in',
        body: schema.signUpBody,
        response: { 201: schema.signedIn },
      },
    },
    async (request, reply) => {
      if (app.config.signUps === 'closed')
        throw new Forbidden('sign_ups_closed', 'This network takes no new members just now.');
      if (await accounts.needsAdmin(app))
        throw new Forbidden(
          'needs_admin',
          'This network has no admin yet. Its operator must set it up first.',
        );
      await limits.signUp(request);
      const accountId = await accounts.signUp(app, { ...request.body, language: languageOf(request) });
      reply.code(201);
      return signIn(app, reply, accountId, request.body, request.headers['user-agent'] ?? '');
    },
  );

  server.post(
    '/sessions',
    {
      schema: {
        tags: ['sessions'],
        summary: 'Sign in',
        body: schema.signInBody,
        response: { 201: schema.signedIn },
      },
    },
    async (request, reply) => {
      await limits.signIn(request, request.body.login);
      const accountId = await sessions.checkCredentials(app, request.body.login, request.body.password);
      reply.code(201);
      return signIn(app, reply, accountId, request.body, request.headers['user-agent'] ?? '');
    },
  );

  server.get(
    '/sessions',
    {
      schema: {
        tags: ['sessions'],
        summary: 'My sessions, last used first',
        response: { 200: schema.sessionsReply },
      },
    },
    async (request) => {
      const viewer = viewerOf(request);
      const rows = await sessions.listSessions(app, viewer);
      return {
        items: rows.map((row) => ({
          id: row.session_id,
          kind: row.kind,
          deviceName: row.device_name,
          createdAt: row.created_at.toISOString(),
          lastUsedAt: row.last_used_at.toISOString(),
          isCurrent: row.session_id === viewer.sessionId,
        })),
      };
    },
  );

  server.delete(
    '/sessions/current',
    { schema: { tags: ['sessions'], summary: 'Sign out' } },
    async (request, reply) => {
      const viewer = viewerOf(request);
      await sessions.closeSession(app, viewer, viewer.sessionId);
      clearSessionCookie(app, reply);
      return reply.code(204).send();
    },
  );

  server.delete(
    '/sessions/:sessionId',
    { schema: { tags: ['sessions'], summary: 'End one of my sessions', params: schema.sessionIdParams } },
    async (request, reply) => {
      await sessions.closeSession(app, viewerOf(request), request.params.sessionId);
      return reply.code(204).send();
    },
  );
}

function mailRoutes(server: Server, app: App, limits: RateLimits): void {
  server.post(
    '/password-resets',
    {
      schema: {
        tags: ['accounts'],
        summary: 'Have a link sent that sets a new password',
        body: schema.askResetBody,
      },
    },
    async (request, reply) => {
      await limits.mail(request, request.body.email);
      await links.askReset(app, request.body.email, languageOf(request));
      return reply.code(202).send();
    },
  );

  server.post(
    '/password-resets/confirm',
    { schema: { tags: ['accounts'], summary: 'Set a new password by that link', body: schema.resetBody } },
    async (request, reply) => {
      await limits.signIn(request, 'reset');
      await links.resetPassword(app, request.body.token, request.body.password);
      return reply.code(204).send();
    },
  );

  server.post(
    '/email-confirmations',
    {
      schema: {
        tags: ['accounts'],
        summary: 'Confirm the e-mail address by the link that was sent',
        body: schema.confirmBody,
      },
    },
    async (request, reply) => {
      await limits.signIn(request, 'confirm');
      await links.confirmEmail(app, request.body.token);
      return reply.code(204).send();
    },
  );

  server.post(
    '/me/email-confirmation',
    { schema: { tags: ['accounts'], summary: 'Send that link again' } },
    async (request, reply) => {
      const viewer = viewerOf(request);
      await limits.mail(request, viewer.accountId);
      await links.askMail(app, viewer.accountId, 'confirm', languageOf(request));
      return reply.code(202).send();
    },
  );
}

function ownRoutes(server: Server, app: App, limits: RateLimits): void {
  server.get(
    '/me',
    { schema: { tags: ['accounts'], summary: 'My account', response: { 200: schema.me } } },
    async (request) => presentMe(app, viewerOf(request)),
  );

  server.patch(
    '/me',
    {
      schema: {
        tags: ['accounts'],
        summary: 'Edit my account',
        body: schema.editMeBody,
        response: { 200: schema.me },
      },
    },
    async (request) => {
      const viewer = viewerOf(request);
      await accounts.editAccount(app, viewer.accountId, request.body);
      return presentMe(app, viewer);
    },
  );

  server.put(
    '/me/password',
    {
      schema: {
        tags: ['accounts'],
        summary: 'Change my password; ends all other sessions',
        body: schema.changePasswordBody,
      },
    },
    async (request, reply) => {
      const viewer = viewerOf(request);
      await limits.signIn(request, viewer.accountId);
      await sessions.changePassword(app, viewer, request.body.currentPassword, request.body.newPassword);
      return reply.code(204).send();
    },
  );

  server.delete(
    '/me',
    {
      schema: {
        tags: ['accounts'],
        summary: 'Delete my account and all that belongs to it',
        body: schema.deleteMeBody,
      },
    },
    async (request, reply) => {
      const viewer = viewerOf(request);
      await limits.signIn(request, viewer.accountId);
      await accounts.refuseWrongPassword(app, viewer.accountId, request.body.password);
      await accounts.beginDeletion(app, viewer.accountId);
      clearSessionCookie(app, reply);
      return reply.code(204).send();
    },
  );
}

function profileRoutes(server: Server, app: App): void {
  server.get(
    '/accounts/:accountId',
    {
      schema: {
        tags: ['accounts'],
        summary: 'A profile',
        params: schema.accountIdParams,
        response: { 200: schema.profile },
      },
    },
    async (request) => hydrateProfile(app, request.viewer?.accountId ?? null, request.params.accountId),
  );

  server.get(
    '/handles/:handle',
    {
      schema: {
        tags: ['accounts'],
        summary: 'A profile, by handle',
        params: schema.handleParams,
        response: { 200: schema.profile },
      },
    },
    async (request) => {
      const accountId = await accounts.getAccountIdByHandle(app, request.params.handle);
      return hydrateProfile(app, request.viewer?.accountId ?? null, accountId);
    },
  );
}
