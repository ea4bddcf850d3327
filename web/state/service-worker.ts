/** The page's side of web/sw: starts it, tells it what the first screen used, and lets it forget what is personal. */

const FILE = '/sw.js';
const PHOTOS = 'pinhole.photos';
const ANSWER_MS = 3_000;

/** After the first screen, so that it takes nothing away from it. */
export function startServiceWorker(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const start = () => {
    // Where it is forbidden, or there is no room: everything works but without a network.
    register().catch(() => undefined);
  };
  if (document.readyState === 'complete') start();
  else window.addEventListener('load', start, { once: true });
}

async function register(): Promise<void> {
  await navigator.serviceWorker.register(FILE);
  const { active } = await navigator.serviceWorker.ready;
  const used = performance
    .getEntriesByType('resource')
    .map(({ name }) => new URL(name))
    .filter(({ origin }) => origin === location.origin);
  active?.postMessage({
    kind: 'used',
    assets: used.filter(({ pathname }) => pathname.startsWith('/assets/')).map(({ pathname }) => pathname),
    photos: used.filter(({ pathname }) => /^\/media\/(public|private)\//.test(pathname)).map(String),
    language: document.documentElement.lang,
    theme: document.documentElement.dataset.theme ?? '',
  });
}

/** Resolves when the photos that were kept are gone. */
export async function forgetPhotos(): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const active = (await navigator.serviceWorker.getRegistration())?.active;
  if (active) {
    const channel = new MessageChannel();
    const answered = new Promise((resolve) => {
      channel.port1.onmessage = resolve;
      setTimeout(resolve, ANSWER_MS);
    });
    active.postMessage({ kind: 'forget' }, [channel.port2]);
    await answered;
    channel.port1.close();
  }
  await caches.delete(PHOTOS);
}
