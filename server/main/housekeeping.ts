/** What is done now and then: abandoned uploads and old idempotency keys are removed. */
import { moveOldPhotos } from '../features/media/shelves.ts';
import { sweepUploads } from '../features/media/uploads.ts';
import { forgetOldKeys } from '../features/posts/posts.ts';
import type { App } from '../infra/app.ts';

const EVERY_MS = 10 * 60_000;

/** Gives what ends it. */
export function startHousekeeping(app: App): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = Promise.all([sweepUploads(app), moveOldPhotos(app), forgetOldKeys(app)]).catch((error) =>
      app.log.error({ err: error }, 'housekeeping'),
    );
  }, EVERY_MS);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
