import type { AccountId, MediaId, PostId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { job } from '../../infra/queue.ts';
import { photosMisplaced } from '../accounts/schema.ts';
import { enlargePhoto, forgetRevision } from './media.ts';
import { purge } from './purge.ts';
import { dropMedia } from './removal.ts';
import { mediaDropped, photoEdited, photoReady, photosGone } from './schema.ts';
import { movePhotos, movePhotosOfPost } from './shelves.ts';

export const jobs = [
  job(mediaDropped, { concurrency: 1 }, async (app: App, [payload]) => {
    if (payload) await dropMedia(app, payload.mediaId as MediaId);
  }),
  // One at a time: nobody waits for it, and those who post do for the image workers.
  job(photoReady, { concurrency: 1 }, async (app: App, [payload]) => {
    if (payload) await enlargePhoto(app, payload.mediaId as MediaId);
  }),
  job(photoEdited, { concurrency: 2 }, async (app: App, [payload]) => {
    if (payload) await forgetRevision(app, payload.mediaId as MediaId, payload.revision);
  }),
  job(photosMisplaced, { concurrency: 1 }, async (app: App, [payload]) => {
    if (payload?.postId)
      await movePhotosOfPost(app, payload.accountId as AccountId, payload.postId as PostId);
    else if (payload) await movePhotos(app, payload.accountId as AccountId);
  }),
  job(photosGone, { batch: 20, concurrency: 1, gatherMs: 500 }, async (app: App, payloads) => {
    await purge(app, [...new Set(payloads.flatMap(({ folders }) => folders))]);
  }),
];
