/**
 * The web client: its built files, cached for ever by their hashed names, and one page for all addresses, into which
 * the title and link preview of public posts and profiles are written for those who run no scripts, and what can be drawn
 * before scripts run.
 */

import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import staticFiles from '@fastify/static';
import type { FastifyReply } from 'fastify';
import { isPossibleId, type PostId } from '../../core/ids.ts';
import type { Language } from '../../core/languages.ts';
import { ExpectedError, NotFound } from '../errors.ts';
import { getAccountIdByHandle } from '../features/accounts/accounts.ts';
import { handleParams } from '../features/accounts/schema.ts';
import { hydrateProfile } from '../hydrate/accounts.ts';
import { hydratePost } from '../hydrate/posts.ts';
import type { App } from '../infra/app.ts';
import { say } from '../infra/messages.ts';
import { type Drawing, openDrawing } from './drawing.ts';
import { unavailable } from './errors.ts';
import { languageOf, readPages, themeOf } from './languages.ts';
import { manifestRoute } from './manifest.ts';
import type { Server } from './server.ts';
import { hasSessionCookie } from './sessions.ts';

type Preview = {
  status: number;
  title: string;
  description: string;
  image: string | null;
  path: string;
  kind: 'article' | 'profile' | 'website';
};

const DESCRIPTION_MAX = 200;
const SHARED_MAX_BYTES = 1024 * 1024 * 1024;
/** Addresses under these are for programs: what is not there is a JSON 404, not the page. */
const NOT_PAGES = /^\/(api|media|assets|health)(\/|$)/;

export async function pageRoutes(server: Server, app: App, folder: string): Promise<void> {
  const pageIn = await readPages(folder);
  await server.register(staticFiles, {
    root: folder,
    index: false,
    wildcard: false,
    preCompressed: true,
    globIgnore: ['**/*.br', '**/*.gz'],
    cacheControl: false,
    setHeaders: (response, file) => {
      response.header('cache-control', cacheControlOf(path.relative(folder, file)));
    },
  });
  manifestRoute(server);
  await server.register(shareTarget);
  const draw = await openDrawing(server, app, folder);
  server.setNotFoundHandler(async (request, reply) => {
    const [pathname = '/'] = request.url.split('?');
    if ((request.method !== 'GET' && request.method !== 'HEAD') || NOT_PAGES.test(pathname))
      throw new NotFound();
    const language = languageOf(request);
    const isSignedIn = hasSessionCookie(app, request);
    const [preview, drawing] = await Promise.all([
      findPreview(app, pathname, language),
      draw(pathname, language, {
        ip: request.ip,
        cookie: isSignedIn ? request.headers.cookie : undefined,
      }),
    ]);
    if (drawing?.styles) addStyles(reply, drawing.styles);
    return reply
      .code(preview.status)
      .headers({
        'content-type': 'text/html; charset=utf-8',
        // A member's own page is for nobody who uses this browser later.
        'cache-control': isSignedIn && drawing ? 'private, no-store' : 'no-cache',
        vary: 'cookie, accept-language',
        'content-language': language,
      })
      .send(pageOf(pageIn(language, isSignedIn, themeOf(request)), headOf(app, preview), drawing));
  });
}

function pageOf(page: string, head: string, drawing: Drawing | null): string {
  return page
    .replace('<!--head-->', () => [head, drawing?.head].filter(Boolean).join('\n    '))
    .replace('<!--body-->', () => drawing?.body ?? '');
}

/** What React draws as style attributes is allowed word by word. */
function addStyles(reply: FastifyReply, styles: string): void {
  const policy = String(reply.getHeader('content-security-policy'));
  reply.header('content-security-policy', `${policy}; style-src-attr ${styles}`);
}

/**
 * Photos that a phone shares to us are taken by the service worker. Where there is none yet they come here: they are read to
 * their end, so that the browser hears the answer, and the composer asks for them once more.
 */
async function shareTarget(scope: Server): Promise<void> {
  scope.addContentTypeParser('multipart/form-data', async (_request: unknown, payload: IncomingMessage) => {
    let bytes = 0;
    for await (const chunk of payload) {
      bytes += (chunk as Buffer).length;
      if (bytes > SHARED_MAX_BYTES) break;
    }
  });
  scope.post('/share', { schema: { hide: true } }, async (_request, reply) =>
    reply.redirect('/new?shared=missed', 303),
  );
}

/** The service worker's address is always the same: a new one must be noticed at once. */
function cacheControlOf(file: string): string {
  if (/^sw\.js(\.|$)/.test(file)) return 'no-cache';
  return file.startsWith('assets') ? 'public, max-age=31536000, immutable' : 'public, max-age=3600';
}

/** As a stranger sees it: a preview is made for whoever the link is sent to. */
async function findPreview(app: App, pathname: string, language: Language): Promise<Preview> {
  const plain: Preview = {
    status: 200,
    title: 'Pinhole',
    description: say(language, 'server.network'),
    image: null,
    path: pathname,
    kind: 'website',
  };
  try {
    const postId = /^\/p\/([^/]+)\/?$/.exec(pathname)?.[1];
    if (postId !== undefined) return { ...plain, ...(await previewPost(app, postId, language)) };
    const handle = /^\/@([^/]+)/.exec(pathname)?.[1];
    if (handle !== undefined)
      return { ...plain, ...(await previewProfile(app, decodeURIComponent(handle), language)) };
    return plain;
  } catch (error) {
    // A page that a stranger may not see may still be one for the member who opens it: the client asks again.
    if (error instanceof ExpectedError || error instanceof URIError)
      return { ...plain, status: error instanceof NotFound ? 200 : 400 };
    // The client says so in words, and can try again.
    if (unavailable(error)) return { ...plain, status: 503 };
    throw error;
  }
}

async function previewPost(app: App, postId: string, language: Language): Promise<Partial<Preview>> {
  if (!isPossibleId(postId, app.clock.nowMs())) throw new NotFound();
  const post = await hydratePost(app, null, postId as PostId);
  const image = post.photos[0]?.renditions.find(({ name }) => name === 'w1080');
  return {
    title: titleOf(post.account, language),
    description:
      post.caption ||
      post.photos
        .map(({ altText }) => altText)
        .filter(Boolean)
        .join(' · ') ||
      say(language, 'server.photoBy', { handle: `@${post.account.handle}` }),
    image: image?.url ?? null,
    kind: 'article',
  };
}

function titleOf({ name, handle }: { name: string; handle: string }, language: Language): string {
  return say(language, 'server.titleOf', { name: name || handle, handle: `@${handle}` });
}

async function previewProfile(app: App, handle: string, language: Language): Promise<Partial<Preview>> {
  if (!handleParams.safeParse({ handle }).success) throw new NotFound();
  const profile = await hydrateProfile(app, null, await getAccountIdByHandle(app, handle));
  return {
    title: titleOf(profile, language),
    description:
      profile.bio ||
      say(language, 'server.profileText', { posts: profile.postCount, followers: profile.followerCount }),
    image: profile.avatarLargeUrl,
    kind: 'profile',
  };
}

function headOf(app: App, preview: Preview): string {
  const description = [...preview.description].slice(0, DESCRIPTION_MAX).join('').replace(/\s+/g, ' ');
  const tags = [
    ['og:site_name', 'Pinhole'],
    ['og:type', preview.kind],
    ['og:title', preview.title],
    ['og:description', description],
    ['og:url', app.publicUrl + preview.path],
    ...(preview.image
      ? [
          ['og:image', new URL(preview.image, app.publicUrl).href],
          ['twitter:card', preview.kind === 'article' ? 'summary_large_image' : 'summary'],
        ]
      : []),
  ];
  return [
    `<title>${escapeHtml(preview.title)}</title>`,
    `<meta name="description" content="${escapeHtml(description)}">`,
    ...tags.map(([name = '', content = '']) => `<meta property="${name}" content="${escapeHtml(content)}">`),
  ].join('\n    ');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
