/**
 * What is done now and then: drafts that are due are published, abandoned uploads and old idempotency keys are removed, and a
 * look at what could fill a disk.
 */
import { publishDueDrafts } from '../features/drafts/due.ts';
import { moveOldPhotos } from '../features/media/shelves.ts';
import { sweepUploads } from '../features/media/uploads.ts';
import { forgetOldKeys } from '../features/posts/posts.ts';
import type { App } from '../infra/app.ts';
import { openSlotWatch } from '../infra/fleet/slots.ts';

const EVERY_MS = 10 * 60_000;
/** How late a draft may be published. */
const DUE_EVERY_MS = 15_000;

/** Gives what ends it. */
export function startHousekeeping(app: App): () => Promise<void> {
  const watchSlots = openSlotWatch(app.shards, app.log, app.clock);
  const ends = [
    repeat(app, DUE_EVERY_MS, () => publishDueDrafts(app)),
    repeat(app, EVERY_MS, () =>
      Promise.all([sweepUploads(app), moveOldPhotos(app), forgetOldKeys(app), watchSlots()]),
    ),
  ];
  return async () => {
    await Promise.all(ends.map((end) => end()));
  };
}

/** One after the other, also where one takes longer than the time between two. */
function repeat(app: App, everyMs: number, work: () => Promise<unknown>): () => Promise<void> {
  let running: Promise<unknown> | null = null;
  const timer = setInterval(() => {
    running ??= work()
      .catch((error) => app.log.error({ err: error }, 'housekeeping'))
      .finally(() => {
        running = null;
      });
  }, everyMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
