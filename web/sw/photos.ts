/**
 * Renditions that were seen, for times without a network: the newest few hundred. A public address never shows anything
 * else. On a private one the server is asked first, since it says who may see it now; once the address has expired the
 * server cannot be asked with it any more, and what was seen last is shown until a new address comes.
 */
import { createTurn } from '../state/in-turn.ts';

const CACHE = 'pinhole.photos';
const ENTRIES_MAX = 200;
const BYTES_MAX = 60 * 1024 * 1024;

/** Counts how often all was forgotten: what was under way at that time is not kept. */
let generation = 0;
const inTurn = createTurn();

export function isRendition(url: URL): boolean {
  return url.origin === location.origin && /^\/media\/(public|private)\//.test(url.pathname);
}

export async function answerPhoto(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const kept = await find(request.url);
  const isSure = url.pathname.startsWith('/media/public/') || hasExpired(url);
  if (kept && isSure) return kept;
  const asked = generation;
  try {
    const response = await fetch(request);
    if (response.status === 200) keep(request.url, response.clone(), asked);
    return response;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

/** Photos that came before the worker did. The browser's own cache has them still. */
export async function keepSeen(urls: readonly string[]): Promise<void> {
  const asked = generation;
  for (const url of urls.slice(-ENTRIES_MAX)) {
    if (await find(url)) continue;
    const response = await fetch(url).catch(() => null);
    if (response?.status === 200) keep(url, response, asked);
  }
  await inTurn(async () => undefined);
}

export async function forgetPhotos(): Promise<void> {
  generation++;
  await inTurn(() => caches.delete(CACHE));
}

async function find(url: string): Promise<Response | undefined> {
  return await caches.match(url, { cacheName: CACHE, ignoreSearch: true });
}

function hasExpired(url: URL): boolean {
  const expires = Number(url.searchParams.get('e'));
  return expires > 0 && expires * 1_000 < Date.now();
}

function keep(url: string, response: Response, asked: number): void {
  void inTurn(async () => {
    const blob = await response.blob();
    if (generation !== asked) return;
    const headers = { 'content-type': blob.type, 'content-length': String(blob.size) };
    const cache = await caches.open(CACHE);
    const address = url.split('?')[0] ?? url;
    await cache.delete(address);
    await trim(cache, blob.size);
    await cache.put(address, new Response(blob, { headers }));
    // Where the storage is full, photos are shown all the same.
  }).catch(() => undefined);
}

/** The oldest go first: keys are in the order in which they were put in. */
async function trim(cache: Cache, moreBytes: number): Promise<void> {
  const kept = await Promise.all(
    (await cache.keys()).map(async (key) => {
      const response = await cache.match(key);
      return { key, bytes: Number(response?.headers.get('content-length') ?? 0) };
    }),
  );
  let bytes = kept.reduce((sum, entry) => sum + entry.bytes, moreBytes);
  for (const [at, entry] of kept.entries()) {
    if (bytes <= BYTES_MAX && kept.length - at < ENTRIES_MAX) return;
    await cache.delete(entry.key);
    bytes -= entry.bytes;
  }
}
