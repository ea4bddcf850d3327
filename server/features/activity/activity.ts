/** What an account is told: who liked, commented, replied, followed, asked to follow, mentioned. Written by the jobs of others. */
import { type AccountId, type ActivityId, type PostId, shardOf } from '../../../core/ids.ts';
import { NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { hint } from '../../infra/hints.ts';
import type { Redis } from '../../infra/redis/redis.ts';
import { sweepServers } from '../../infra/shards.ts';
import { forEachRecent, type Progress, type RebuildOptions } from '../feed/rebuild.ts';
import { maySeePost, seeAccounts } from '../graph/audience.ts';
import { findPostHeads } from '../posts/posts.ts';
import * as store from './store.ts';

export type { ActivityRow } from './store.ts';

const GROUPED = new Set<store.Kind>(['liked', 'comment_liked']);
const UNREAD_MAX = 100;
const SWEEP = 1_000;

export type Telling = {
  accountId: AccountId;
  kind: store.Kind;
  actorId: AccountId;
  postId?: string;
  commentId?: string;
};

/** Told once, however often it is called. Nobody is told of his own acts. All accounts must be of the transaction's server. */
export async function tell(app: App, tx: Transaction, tellings: Telling[]): Promise<void> {
  const told = complete(tellings);
  if (told.length === 0) return;
  await store.insertActivity(tx, told);
  forgetAfter(app, tx, told);
}

/** Takes back what was told. */
export async function untell(app: App, tx: Transaction, tellings: Telling[]): Promise<void> {
  const told = complete(tellings);
  if (told.length === 0) return;
  await store.deleteActivity(tx, told);
  forgetAfter(app, tx, told);
}

/** The list in Redis first: whoever is told that there is news reads it there. */
function forgetAfter(app: Pick<App, 'redis' | 'events'>, tx: Transaction, told: store.Told[]): void {
  const accountIds = told.map(({ accountId }) => accountId);
  tx.afterCommit(async () => {
    await store.forgetRecent(app.redis.feeds, accountIds);
    hint(app, 'activity', accountIds);
  });
}

function complete(tellings: Telling[]): store.Told[] {
  return tellings
    .filter(({ accountId, actorId }) => accountId !== actorId)
    .map((telling) => ({ postId: '0', commentId: '0', ...telling }));
}

/** What was told, newest first: each group is one row, or all likes of one post or comment among those that were looked at. */
export type ActivityPage = { groups: store.ActivityRow[][]; last: ActivityId | undefined; isEnd: boolean };

/** At most `limit` groups of the next rows. Read and unread ones are groups of their own. */
export async function listActivity(
  app: App,
  viewer: AccountId,
  before: string,
  limit: number,
  seenId: string,
): Promise<ActivityPage> {
  const rows = await listRows(app, viewer, before);
  const groups = new Map<string, store.ActivityRow[]>();
  let last: ActivityId | undefined;
  let isEnd = rows.length < store.RECENT_MAX;
  for (const row of rows) {
    const isUnread = BigInt(row.activity_id) > BigInt(seenId);
    const key = GROUPED.has(row.kind) ? `${isUnread} ${row.post_id} ${row.comment_id}` : row.activity_id;
    const group = groups.get(key);
    if (group) group.push(row);
    else if (groups.size < limit) groups.set(key, [row]);
    else {
      isEnd = false;
      break;
    }
    last = row.activity_id;
  }
  return { groups: [...groups.values()], last, isEnd };
}

/** Up to RECENT_MAX, the newest of them out of Redis where there is one. */
async function listRows(app: App, viewer: AccountId, before: string): Promise<store.ActivityRow[]> {
  if (!app.redis.feeds) return store.selectActivity(app.shards, viewer, before, store.RECENT_MAX);
  const recent = await store.readRecent(app.redis.feeds, app.shards, viewer);
  const isFirst = BigInt(recent[0]?.activity_id ?? 0) < BigInt(before);
  if (isFirst) return recent;
  if (recent.length < store.RECENT_MAX)
    return recent.filter((row) => BigInt(row.activity_id) < BigInt(before));
  return store.selectActivity(app.shards, viewer, before, store.RECENT_MAX);
}

/** At most 100. Acts of accounts, and about posts, that the viewer may not see do not count: he is not shown them. */
export async function countUnread(app: App, viewer: AccountId): Promise<number> {
  const unread = await listUnread(app, viewer);
  const postIds = new Set(unread.map((row) => row.post_id as PostId).filter((postId) => postId !== '0'));
  const posts = new Map((await findPostHeads(app, [...postIds])).map((post) => [String(post.post_id), post]));
  const owners = [...posts.values()].map((post) => post.account_id);
  const seen = await seeAccounts(app, viewer, [
    ...new Set([...unread.map((row) => row.actor_id), ...owners]),
  ]);
  return unread.filter((row) => {
    const post = posts.get(row.post_id);
    const isPostSeen = post?.state === 'published' && maySeePost(viewer, post, seen.get(post.account_id));
    return seen.has(row.actor_id) && (row.post_id === '0' || isPostSeen);
  }).length;
}

async function listUnread(
  app: App,
  viewer: AccountId,
): Promise<Pick<store.ActivityRow, 'actor_id' | 'post_id'>[]> {
  if (!app.redis.feeds) return store.selectUnread(app.shards, viewer, UNREAD_MAX);
  const [recent, seenId] = await Promise.all([
    store.readRecent(app.redis.feeds, app.shards, viewer),
    store.selectSeenId(app.shards, viewer),
  ]);
  return recent.filter((row) => BigInt(row.activity_id) > BigInt(seenId)).slice(0, UNREAD_MAX);
}

/** The lists of all who were here lately, made anew in Redis. */
export function rebuildRecent(app: App, redis: Redis, options: RebuildOptions): Promise<Progress> {
  return forEachRecent(app, redis, 'activity', options, async (accountId) => {
    await store.forgetRecent(redis, [accountId]);
    await store.readRecent(redis, app.shards, accountId);
  });
}

export function findSeenId(app: App, viewer: AccountId): Promise<string> {
  return store.selectSeenId(app.shards, viewer);
}

/** It need not be there any more: what was seen may have been taken back since. What others were told is NotFound. */
export async function markSeen(app: App, viewer: AccountId, activityId: ActivityId): Promise<void> {
  if (shardOf(activityId) !== shardOf(viewer)) throw new NotFound();
  await store.updateSeenId(app.shards, viewer, activityId);
  hint(app, 'activity', [viewer]);
}

export async function forgetPost(app: App, postId: string): Promise<void> {
  await sweepServers(app.shards, async (database) => {
    while ((await store.deleteActivityOfPost(database, postId, SWEEP)) === SWEEP);
  });
}

export async function forgetComments(app: App, commentIds: string[]): Promise<void> {
  await sweepServers(app.shards, async (database) => {
    while ((await store.deleteActivityOfComments(database, commentIds, SWEEP)) === SWEEP);
  });
}

export async function forgetAccount(app: App, accountId: AccountId): Promise<void> {
  await sweepServers(app.shards, async (database) => {
    while ((await store.deleteActivityOfAccount(database, accountId, SWEEP)) === SWEEP);
  });
}
