/**
 * The service worker: pages open without a network, and at once with one. Two hundred lines of our own rather than workbox,
 * whose rules know neither our two shelves of photos nor that somebody signs out. It never touches the API, and nothing
 * that it keeps of the shell is of anybody in particular.
 */
import { putSharedPhotos } from '../state/shared-photos.ts';
import { answerPhoto, forgetPhotos, isRendition, keepSeen } from './photos.ts';
import { scope } from './scope.ts';
import { answerAsset, answerPage, dropOldShells, follow, keepShell } from './shell.ts';

/** What the page says: web/state/service-worker.ts. */
type Message =
  | { kind: 'used'; assets: string[]; photos: string[]; language: string; theme: string }
  | { kind: 'forget' }
  | { kind: 'take-over' };

/** Addresses that are no pages of the client. */
const NOT_PAGES = /^\/(api|media|assets|health|sw\.js)(\/|$)/;

scope.addEventListener('install', (event) => event.waitUntil(keepShell()));
scope.addEventListener('activate', (event) =>
  event.waitUntil(dropOldShells().then(() => scope.clients.claim())),
);

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === 'POST' && url.pathname === '/share') event.respondWith(takeShared(request));
  if (request.method !== 'GET') return;
  if (request.mode === 'navigate') {
    if (!NOT_PAGES.test(url.pathname)) event.respondWith(answerPage(request));
  } else if (isRendition(url)) event.respondWith(answerPhoto(request));
  else if (url.pathname.startsWith('/assets/')) event.respondWith(answerAsset(request));
});

scope.addEventListener('message', (event) => {
  const message = event.data as Message;
  if (message.kind === 'take-over') event.waitUntil(scope.skipWaiting());
  if (message.kind === 'forget')
    event.waitUntil(forgetPhotos().then(() => event.ports[0]?.postMessage('forgotten')));
  if (message.kind === 'used')
    event.waitUntil(
      Promise.all([follow(message.assets, message), keepSeen(message.photos)]).catch(() => undefined),
    );
});

/** What another app shares to us waits for the composer: it is read there, and not sent to anybody before. */
async function takeShared(request: Request): Promise<Response> {
  const taken = request.formData().then(async (form) => {
    const files = form.getAll('photos').filter((entry) => entry instanceof File);
    const texts = [form.get('title'), form.get('text')].filter((text) => typeof text === 'string');
    await putSharedPhotos({ files, text: texts.filter(Boolean).join('\n') });
  });
  const outcome = await taken.then(
    () => '1',
    () => 'full',
  );
  return Response.redirect(`/new?shared=${outcome}`, 303);
}
