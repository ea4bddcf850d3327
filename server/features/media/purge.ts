/** The cache in front of us, if there is one, is told what it must forget. */
import type { App } from '../../infra/app.ts';

const DEADLINE_MS = 20_000;

/**
 * Sends the hook `{"prefixes": ["/media/public/…/", …]}`: everything below these paths is gone. Throws when the hook
 * does not answer 2xx: the job is then tried again over some minutes, and listed by `./pinhole jobs` if it fails for good.
 */
export async function purge(app: Pick<App, 'config'>, folders: string[]): Promise<void> {
  if (!app.config.purgeUrl) return;
  const base = app.config.mediaUrl ? new URL(app.config.mediaUrl).pathname.replace(/\/$/, '') : '/media';
  const reply = await fetch(app.config.purgeUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prefixes: folders.map((folder) => `${base}/${folder}/`) }),
    redirect: 'error',
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  await reply.body?.cancel();
  if (!reply.ok) throw new Error(`the purge hook answered ${reply.status}`);
}
