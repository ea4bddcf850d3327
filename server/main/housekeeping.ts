/** What is done now and then: abandoned uploads and old idempotency keys are removed, and a look at what could fill a disk. */
import { moveOldPhotos } from '../features/media/shelves.ts';
import { sweepUploads } from '../features/media/uploads.ts';
import { forgetOldKeys } from '../features/posts/posts.ts';
import type { App } from '../infra/app.ts';
import { openSlotWatch } from '../infra/fleet/slots.ts';

const EVERY_MS = 10 * 60_000;

/** Gives what ends it. */
export function startHousekeeping(app: App): () => Promise<void> {
  const watchSlots = openSlotWatch(app.shards, app.log, app.clock);
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = Promise.all([sweepUploads(app), moveOldPhotos(app), forgetOldKeys(app), watchSlots()]).catch(
      (error) => app.log.error({ err: error }, 'housekeeping'),
    );
  }, EVERY_MS);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
