import type { AccountId, PostId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { job } from '../../infra/queue.ts';
import { tell, untell } from '../activity/activity.ts';
import { blockMade } from '../graph/schema.ts';
import { isSeenBy } from '../posts/posts.ts';
import { mirrorPeople, separate, type TagNews } from './people.ts';
import { peopleChanged } from './schema.ts';

export const jobs = [
  job(peopleChanged, { batch: 20, concurrency: 2 }, async (app: App, payloads) => {
    const edges = payloads
      .flatMap((payload) => payload.edges)
      .map(({ postId, accountId }) => ({ postId: postId as PostId, accountId: accountId as AccountId }));
    await mirrorPeople(app, edges, (tx, news) => tellNamed(app, tx, news));
  }),
  job(blockMade, { concurrency: 1 }, async (app: App, [payload]) => {
    if (payload) await separate(app, payload.accountId as AccountId, payload.targetId as AccountId);
  }),
];

/** Only who may see the post is told of it. */
async function tellNamed(
  app: App,
  tx: Transaction,
  { accountId, postId, authorId, stands }: TagNews,
): Promise<void> {
  const telling = { accountId, kind: 'tagged', actorId: authorId, postId } as const;
  if (!stands) await untell(app, tx, [telling]);
  else if (await isSeenBy(app, accountId, postId)) await tell(app, tx, [telling]);
}
