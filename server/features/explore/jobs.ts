import type { AccountId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { job } from '../../infra/queue.ts';
import { writeAt } from '../../infra/shards.ts';
import { privacyChanged } from '../accounts/schema.ts';
import { acceptWhilePublic } from '../graph/graph.ts';
import { listPostIdsOfAccount } from '../posts/posts.ts';
import { indexPost } from './explore.ts';

const NEWEST = '9223372036854775807';
const BATCH = 100;

export const jobs = [
  /** Whoever asked to follow a private account follows it when it becomes public; its hashtags come and go with it. */
  job(privacyChanged, { concurrency: 1 }, async (app: App, [payload]) => {
    if (!payload) return;
    const accountId = payload.accountId as AccountId;
    while (await acceptWhilePublic(app, accountId, BATCH));
    const postIds = await listPostIdsOfAccount(app, accountId, payload.before ?? NEWEST, BATCH);
    for (const postId of postIds) await indexPost(app, postId);
    const before = postIds.at(-1);
    // A bounded part each time: others' changes of privacy come in between.
    if (before && postIds.length === BATCH)
      await writeAt(app.shards, accountId, (tx) =>
        app.queue.enqueue(tx, privacyChanged, [{ accountId, before }]),
      );
  }),
];
