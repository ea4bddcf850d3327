/**
 * The shell: one page without content, the same for everybody and every address, and the code of the first screen; the
 * other code a little later, so that a post can be made without a network. Each version of the client has a cache of its own, which goes when the next one takes over.
 */
import { createTurn } from '../state/in-turn.ts';
import { scope, shell } from './scope.ts';

const PREFIX = 'pinhole.shell.';
const CACHE = PREFIX + shell.version;
/** The server writes no preview into it. */
const PAGE = '/shell';
const WAIT_MS = 3_000;
/** Pages that are opened one soon after the other fetch nothing twice. */
const inTurn = createTurn();

/** Rejects where there is no room: the browser then does without a worker. */
export async function keepShell(): Promise<void> {
  const cache = await caches.open(CACHE);
  await Promise.all([cache.addAll(shell.assets), keepPage(cache)]);
}

export async function dropOldShells(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** What the open page uses of our code, and its language and theme: the kept page follows it. */
export async function follow(
  urls: readonly string[],
  { language, theme }: { language: string; theme: string },
): Promise<void> {
  const cache = await caches.open(CACHE);
  const kept = await (await cache.match(PAGE))?.text();
  const keptAs = (name: string) => new RegExp(`<html[^>]*\\s${name}="([^"]*)"`).exec(kept ?? '')?.[1] ?? '';
  if (keptAs('lang') !== language || keptAs('data-theme') !== theme) await keepPage(cache);
  await inTurn(async () => {
    for (const url of [...urls, ...shell.later]) if (!(await cache.match(url))) await cache.add(url);
  });
}

/** Named by what it holds, so that a copy never is out of date. */
export async function answerAsset(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) void cache.put(request, response.clone()).catch(() => undefined);
  return response;
}

/**
 * The home page at once; others as the server writes them, unless it is away or takes longer than three seconds. When a
 * new version waits, it takes over with this page, which then comes from the server.
 */
export async function answerPage(request: Request): Promise<Response> {
  const kept = await keptPage();
  const { waiting } = scope.registration;
  waiting?.postMessage({ kind: 'take-over' });
  if (!kept) return await fetch(request);
  if (!waiting && new URL(request.url).pathname === '/') return kept;
  const answered = fetch(request).then(
    (response) => (response.status >= 500 ? kept : response),
    () => kept,
  );
  const late = new Promise<Response>((resolve) => setTimeout(() => resolve(kept), WAIT_MS));
  return await Promise.race([answered, late]);
}

async function keptPage(): Promise<Response | undefined> {
  const cache = await caches.open(CACHE);
  return await cache.match(PAGE);
}

async function keepPage(cache: Cache): Promise<void> {
  const response = await fetch(PAGE, { cache: 'reload' });
  if (!response.ok) throw new Error(`${PAGE} answers ${response.status}`);
  // Without the mark of having been redirected, which no navigation may have.
  await cache.put(PAGE, new Response(await response.blob(), { headers: response.headers }));
}
