import type { MediaId, PostId } from '../../../core/ids.ts';
import { mentionsIn } from '../../../core/text.ts';
import type { App } from '../../infra/app.ts';
import { job } from '../../infra/queue.ts';
import { writeAt } from '../../infra/shards.ts';
import { findAccountIdsByHandle } from '../accounts/accounts.ts';
import { forgetPost as forgetActivity, tell } from '../activity/activity.ts';
import { forgetPost as forgetComments } from '../comments/comments.ts';
import { indexPost } from '../explore/explore.ts';
import { forgetPost as forgetLikes } from '../likes/likes.ts';
import { forgetSaves } from '../likes/saves.ts';
import { developPhoto } from '../media/media.ts';
import { forgetOwner, rememberOwner } from '../owners/owners.ts';
import { forgetPost as forgetPeople } from '../people/people.ts';
import { findPostHeads, isSeenBy, removePost, settlePost } from './posts.ts';
import { ownerGone, photoClaimed, postChanged, postDeleted, postPublished } from './schema.ts';

export const jobs = [
  // The image workers bound how many photos are in work; two more wait with their files read.
  job(photoClaimed, { concurrency: 4 }, async (app: App, [payload]) => {
    if (payload)
      await developPhoto(app, payload.mediaId as MediaId, (tx) =>
        settlePost(app, tx, payload.postId as PostId),
      );
  }),
  job(postPublished, { concurrency: 2 }, async (app: App, [payload]) => {
    if (payload) await makeKnown(app, payload.postId as PostId);
  }),
  job(postChanged, { concurrency: 1 }, async (app: App, [payload]) => {
    if (payload) await makeKnown(app, payload.postId as PostId);
  }),
  job(postDeleted, { concurrency: 2 }, async (app: App, [payload]) => {
    if (!payload) return;
    const postId = payload.postId as PostId;
    await indexPost(app, postId);
    await forgetLikes(app, postId);
    await forgetSaves(app, postId);
    await forgetComments(app, postId);
    await forgetActivity(app, postId);
    await forgetPeople(app, postId);
    await removePost(app, postId);
  }),
  job(ownerGone, { concurrency: 1 }, async (app: App, [payload]) => {
    if (payload) await forgetOwner(app, payload.postId as PostId);
  }),
];

/** Each part compares with what stands, and tells nobody twice. */
async function makeKnown(app: App, postId: PostId): Promise<void> {
  await indexPost(app, postId);
  await tellMentioned(app, postId);
  await rememberOwner(app, postId);
}

/** Only who may see the post is told of it. */
async function tellMentioned(app: App, postId: PostId): Promise<void> {
  const [post] = await findPostHeads(app, [postId]);
  if (post?.state !== 'published') return;
  const mentioned = new Set((await findAccountIdsByHandle(app, mentionsIn(post.caption))).values());
  for (const accountId of mentioned) {
    if (await isSeenBy(app, accountId, postId))
      await writeAt(app.shards, accountId, (tx) =>
        tell(app, tx, [{ accountId, kind: 'mentioned', actorId: post.account_id, postId }]),
      );
  }
}
