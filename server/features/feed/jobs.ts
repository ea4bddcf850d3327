import type { AccountId, PostId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { job } from '../../infra/queue.ts';
import { homeChanged } from '../graph/schema.ts';
import { postSpread } from '../posts/schema.ts';
import { spreadContinued, spreadTurned } from './schema.ts';
import { continueTurn, forgetHomes, spreadPost } from './spread.ts';

export const jobs = [
  job(postSpread, { concurrency: 4 }, async (app: App, [payload]) => {
    if (payload) await spreadPost(app, payload.accountId as AccountId, payload.postId as PostId, null);
  }),
  // One at a time: however large, it takes no more than its turn.
  job(spreadContinued, { concurrency: 1 }, async (app: App, [payload]) => {
    if (payload)
      await spreadPost(app, payload.accountId as AccountId, payload.postId as PostId, payload.after);
  }),
  job(spreadTurned, { concurrency: 1 }, async (app: App, [payload]) => {
    if (payload) await continueTurn(app, payload.accountId as AccountId, payload.after, payload.turn);
  }),
  job(homeChanged, { batch: 100, gatherMs: 50, busyGatherMs: 500 }, async (app: App, payloads) => {
    await forgetHomes(
      app,
      payloads.map(({ accountId }) => accountId as AccountId),
    );
  }),
];
