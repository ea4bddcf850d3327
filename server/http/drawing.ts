/**
 * Public posts and profiles, and a member's home page, drawn before they are sent: for visitors who run no scripts, and for
 * photos that are there while scripts are still on the way. What is drawn is what the API says, asked in the same way as from
 * outside, so that there is one place that decides what who may see.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Language } from '../../core/languages.ts';
import type { App } from '../infra/app.ts';
import type { Server } from './server.ts';

/** As web/draw-page.ts exports it. */
type Drawer = {
  FIRST_DATA_ID: string;
  prepare(): Promise<void>;
  drawPage(path: string, language: Language, data: object): string;
};
type Home = { me: object; feed: { items: object[] } };
type Chunk = { file: string; css?: string[]; imports?: string[] };

export type Drawing = {
  /** Of the element #root, and what comes after it. */
  body: string;
  /** Links to the styles and scripts of the page. */
  head: string;
  /** Its style attributes, as a content security policy names them. */
  styles: string;
};
/** `ip`: for limits. `cookie`: of somebody who says that he is signed in. */
export type Visitor = { ip: string; cookie: string | undefined };
export type Draw = (pathname: string, language: Language, visitor: Visitor) => Promise<Drawing | null>;

const PAGES = { post: 'pages/PostPage.tsx', profile: 'pages/ProfilePage.tsx' };
/** As the client asks for it. */
const GRID_PAGE = 30;
/** As many posts as a screen may hold, and some: the client asks for more when they are wanted. */
const HOME_PAGE = 5;
/** A page does not wait longer for a feed: the browser then asks for it. */
const HOME_MAX_MS = 300;

/** Gives null for pages that are not drawn, and for what the visitor may not see. */
export async function openDrawing(server: Server, app: App, folder: string): Promise<Draw> {
  let opening: Promise<Drawer> | undefined;
  const chunks: Record<string, Chunk> = JSON.parse(
    await readFile(path.join(folder, '.vite/manifest.json'), 'utf8'),
  );
  const heads = { home: '', post: headOf(chunks, PAGES.post), profile: headOf(chunks, PAGES.profile) };

  return async (pathname, language, { ip, cookie }) => {
    const data = cookie ? await findHome(server, pathname, ip, cookie) : await findData(server, pathname, ip);
    if (!data) return null;
    try {
      opening ??= openDrawer(folder);
      const drawer = await opening;
      const html = drawer.drawPage(pathname, language, data);
      const json = JSON.stringify(data).replaceAll('<', '\\u003c');
      return {
        body: `${html}</div><script type="application/json" id="${drawer.FIRST_DATA_ID}">${json}</script><div hidden>`,
        head: heads[data.kind],
        styles: stylesIn(html),
      };
    } catch (error) {
      // The browser draws it.
      app.log.error({ err: error, url: pathname }, 'a page could not be drawn');
      return null;
    }
  };
}

/** With the first page, and not before: a process that only answers the API does without. */
async function openDrawer(folder: string): Promise<Drawer> {
  const drawn = path.join(path.dirname(folder), 'drawing/draw-page.js');
  const drawer: Drawer = await import(pathToFileURL(drawn).href);
  await drawer.prepare();
  return drawer;
}

/** Null also for an empty one: what the first steps of a member are, the browser knows. */
async function findHome(server: Server, pathname: string, ip: string, cookie: string) {
  if (pathname !== '/') return null;
  const late = new AbortController();
  const home: Home | null = await Promise.race([
    ask(server, `/home?limit=${HOME_PAGE}`, { ip, cookie }),
    delay(HOME_MAX_MS, null, { signal: late.signal }),
  ]);
  late.abort();
  return home && home.feed.items.length > 0 ? { kind: 'home' as const, ...home } : null;
}

async function findData(server: Server, pathname: string, ip: string) {
  const postId = /^\/p\/(\d{1,20})\/?$/.exec(pathname)?.[1];
  if (postId) {
    const [post, comments] = await Promise.all([
      ask(server, `/posts/${postId}`, { ip }),
      ask(server, `/posts/${postId}/comments`, { ip }),
    ]);
    return post && comments ? { kind: 'post' as const, post, comments } : null;
  }
  const handle = /^\/@([^/?#]{1,90})\/?$/.exec(pathname)?.[1];
  if (!handle) return null;
  const profile = await ask(server, `/handles/${handle}`, { ip });
  if (!profile) return null;
  const posts = profile.canSeePosts
    ? await ask(server, `/accounts/${profile.id}/posts?limit=${GRID_PAGE}`, { ip })
    : null;
  return profile.canSeePosts && !posts ? null : { kind: 'profile' as const, profile, posts };
}

async function ask(server: Server, at: string, { ip, cookie }: { ip: string; cookie?: string }) {
  const headers = cookie ? { cookie } : {};
  const reply = await server.inject({ url: `/api/v1${at}`, remoteAddress: ip, headers });
  return reply.statusCode === 200 ? reply.json() : null;
}

/** With those of everything that the page imports. */
function headOf(chunks: Record<string, Chunk>, page: string): string {
  const found = new Set<string>();
  const visit = (name: string) => {
    if (found.has(name)) return;
    found.add(name);
    for (const imported of chunks[name]?.imports ?? []) visit(imported);
  };
  visit(page);
  const all = [...found].flatMap((name) => chunks[name] ?? []);
  const styles = [...new Set(all.flatMap(({ css }) => css ?? []))];
  return [
    ...styles.map((file) => `<link rel="stylesheet" crossorigin href="/${file}">`),
    ...all.map(({ file }) => `<link rel="modulepreload" crossorigin href="/${file}">`),
  ].join('\n    ');
}

function stylesIn(html: string): string {
  const attributes = new Set([...html.matchAll(/ style="([^"]*)"/g)].map(([, text = '']) => decode(text)));
  const hashes = [...attributes].map(
    (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  );
  return hashes.length === 0 ? '' : ["'unsafe-hashes'", ...hashes].join(' ');
}

function decode(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#x27;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
