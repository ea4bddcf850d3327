import type { AccountId, PostId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { job } from '../../infra/queue.ts';
import { type Telling, tell, untell } from '../activity/activity.ts';
import { type LikeNews, mirrorLikes } from './likes.ts';
import { likeChanged } from './schema.ts';

const EDGES_MAX = 1_000;

export const jobs = [
  // A post that thousands like at once has its counter changed about once a second.
  job(likeChanged, { batch: 400, gatherMs: 50, busyGatherMs: 800 }, async (app: App, payloads) => {
    const edges = payloads
      .flatMap((payload) => payload.edges)
      .map(({ accountId, postId }) => ({ accountId: accountId as AccountId, postId: postId as PostId }));
    // One transaction after the other: each edge is a lock, of which a server has some thousands.
    for (let at = 0; at < edges.length; at += EDGES_MAX)
      await mirrorLikes(app, edges.slice(at, at + EDGES_MAX), async (tx, { came, went }) => {
        await tell(app, tx, came.map(tellingOf));
        await untell(app, tx, went.map(tellingOf));
      });
  }),
];

function tellingOf({ edge, owner }: LikeNews['came'][number]): Telling {
  return { accountId: owner, kind: 'liked', actorId: edge.account_id, postId: edge.post_id };
}
