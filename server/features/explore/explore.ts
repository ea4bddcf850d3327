/**
 * Finding: hashtags, and accounts by the first letters. Only posts of public accounts are indexed, so that neither
 * a hashtag's name nor its count tells anything of a private account.
 */
import type { HashtagId, PostId } from '../../../core/ids.ts';
import { foldHashtag, hashtagsIn } from '../../../core/text.ts';
import type { App } from '../../infra/app.ts';
import { drawShard, lockEdges, mustBeOwned, sweepServers, writeAt } from '../../infra/shards.ts';
import { drawNextId } from '../accounts/accounts.ts';
import { maySeePost, seeAccounts } from '../graph/audience.ts';
import { findPostHeads } from '../posts/posts.ts';
import * as store from './store.ts';

/** Brings the index in line with the post as it stands: what a stranger may see is in, the rest is out. Idempotent. */
export async function indexPost(app: App, postId: PostId): Promise<void> {
  await writeAt(app.shards, postId, async (tx) => {
    await lockEdges(tx, [`index:${postId}`]);
    await mustBeOwned(tx, postId);
    const [post] = await findPostHeads(app, [postId]);
    const isOpen =
      post !== undefined &&
      maySeePost(null, post, (await seeAccounts(app, null, [post.account_id])).get(post.account_id));
    const wanted = isOpen
      ? await Promise.all(hashtagsIn(post.caption).map((tag) => nameHashtag(app, tag)))
      : [];
    for (const hashtagId of wanted) await store.insertHashtagPost(app.shards, hashtagId, postId);
    const lost: HashtagId[] = [];
    await sweepServers(app.shards, async (database) => {
      lost.push(...(await store.deleteHashtagPosts(database, postId, wanted)));
    });
    // All of its hashtags, also those that an earlier, broken run took out without counting.
    const known = post
      ? await Promise.all(
          hashtagsIn(post.caption).map((tag) => store.selectHashtag(app.shards.directory, tag)),
        )
      : [];
    const touched = [...wanted, ...lost, ...known.flatMap((hashtag) => hashtag?.hashtag_id ?? [])];
    for (const hashtagId of new Set(touched)) await store.updateHashtagCount(app.shards, hashtagId);
  });
}

/** The hashtag's ID, made when it is used for the first time. */
async function nameHashtag(app: App, tag: string): Promise<HashtagId> {
  const known = await store.selectHashtag(app.shards.directory, tag);
  if (known) return known.hashtag_id;
  const logicalShard = drawShard(app.shards);
  const hashtagId = await drawNextId<HashtagId>(app.shards, logicalShard);
  return store.insertHashtag(app.shards.directory, tag, hashtagId);
}

export async function findHashtag(app: App, tag: string): Promise<store.HashtagRow | null> {
  return store.selectHashtag(app.shards.directory, foldHashtag(tag.replace(/^#/, '')));
}

export function listHashtagPosts(
  app: App,
  hashtagId: HashtagId,
  before: string,
  limit: number,
): Promise<PostId[]> {
  return store.selectHashtagPosts(app.shards, hashtagId, before, limit);
}

/** The most used first, of the first thousand. */
export function searchHashtags(app: App, prefix: string, limit: number): Promise<store.HashtagRow[]> {
  return store.selectHashtagsByPrefix(app.shards.directory, foldHashtag(prefix.replace(/^#/, '')), limit);
}
