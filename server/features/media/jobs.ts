import type { MediaId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { job } from '../../infra/queue.ts';
import { removeMedia } from './media.ts';
import { mediaDropped } from './schema.ts';

export const jobs = [
  job(mediaDropped, { concurrency: 1 }, async (app: App, [payload]) => {
    if (payload) await removeMedia(app, payload.mediaId as MediaId);
  }),
];
