/**
 * What is told, read for each viewer by the paths of all other replies: so nobody is told what he could not ask for. The same
 * for a stream that is open, for one that comes back, and for those who poll.
 */
import { type AccountId, type CommentId, ID_EPOCH_MS, newestFirst, type PostId } from '../../../core/ids.ts';
import type { CommentCard } from '../../../core/shapes.ts';
import type { App } from '../../infra/app.ts';
import { atMost } from '../../infra/at-most.ts';
import { ServerDown } from '../../infra/server-down.ts';
import { countUnread } from '../activity/activity.ts';
import { type CommentRow, findComments } from '../comments/comments.ts';
import { listHome } from '../feed/feed.ts';
import { judge } from '../graph/audience.ts';
import { findPostHeads } from '../posts/posts.ts';
import type { LiveEvent } from './schema.ts';
import * as store from './store.ts';

/** Of hydrate/: fronts do not import it, so the routes bring it along. */
export type Hydrate = {
  counts(
    app: App,
    viewer: AccountId,
    postIds: PostId[],
  ): Promise<Map<PostId, { ownerId: AccountId; likeCount: number | null; commentCount: number }>>;
  comments(app: App, viewer: AccountId, ownerId: AccountId, rows: CommentRow[]): Promise<CommentCard[]>;
};
export type Watch = {
  postId: PostId;
  /** Comments beyond this ID are not yet told. */
  afterId: string;
  /** The counts that were; null: the viewer has not been shown that the post is there. */
  told: string | null;
};
export type Watcher = {
  accountId: AccountId;
  watches: Map<PostId, Watch>;
  tell(events: LiveEvent[]): Promise<void>;
};
export type PostNews = {
  posts: Set<PostId>;
  /** Those of them that have new comments. */
  comments: Set<PostId>;
  gone: Map<PostId, Set<CommentId>>;
};

export const FEED_MAX = 20;
const COMMENTS_MAX = 50;
const AT_ONCE = 8;
const NEWEST = '9223372036854775807';
/** Clocks of processes and databases may differ by so much, and a commit may come so much later than its ID. */
const COMMENTS_OVERLAP_MS = 10_000;
/** A post gets its ID before its photos are developed. */
export const FEED_OVERLAP_MS = 180_000;

export function cursorOf(ms: number): string {
  return String(BigInt(Math.max(1, Math.floor(ms) - ID_EPOCH_MS)) << 23n);
}

/** A cursor that lies ahead of our clock is taken for now. */
export function readCursorMs(app: App, cursor: string): number {
  return Math.min(app.clock.nowMs(), Number(BigInt(cursor) >> 23n) + ID_EPOCH_MS);
}

export function watchesOf(postIds: PostId[], afterMs: number): Map<PostId, Watch> {
  const afterId = cursorOf(afterMs - COMMENTS_OVERLAP_MS);
  return new Map(postIds.map((postId) => [postId, { postId, afterId, told: null }]));
}

/** Tells all that was missed. False when a part of it could not be read: the cursor must not go on. */
export async function catchUp(
  app: App,
  hydrate: Hydrate,
  watcher: Watcher,
  afterMs: number,
): Promise<boolean> {
  const posts = new Set(watcher.watches.keys());
  const parts = await Promise.all([
    succeeds(tellUnread(app, [watcher])),
    succeeds(tellMissedPosts(app, watcher, afterMs)),
    tellPosts(app, hydrate, [watcher], { posts, comments: posts, gone: new Map() }),
  ]);
  return parts.every(Boolean);
}

/** `watchers`: of one account. */
export async function tellUnread(app: App, watchers: Watcher[]): Promise<void> {
  const [first] = watchers;
  if (!first) return;
  const unread = await countUnread(app, first.accountId);
  await Promise.all(watchers.map((watcher) => watcher.tell([{ type: 'activity', data: { unread } }])));
}

async function tellMissedPosts(app: App, { accountId, tell }: Watcher, afterMs: number): Promise<void> {
  const home = await listHome(app, accountId, NEWEST, FEED_MAX);
  const after = BigInt(cursorOf(afterMs - FEED_OVERLAP_MS));
  const postIds = home.way === 'listed' ? home.postIds : home.posts.map((post) => post.post_id);
  const newer = postIds.filter((postId) => BigInt(postId) > after);
  const told = await readPublished(app, newer, [accountId]);
  await tell(feedEvents(told.get(accountId)));
}

export function feedEvents(postIds: PostId[] | undefined): LiveEvent[] {
  if (!postIds || postIds.length === 0) return [];
  const newest = postIds.toSorted(newestFirst).slice(0, FEED_MAX);
  return [{ type: 'feed', data: { count: newest.length, postIds: newest } }];
}

/** Viewer → those of the posts that belong into his home feed, and are not his own. */
export async function readPublished(
  app: App,
  postIds: PostId[],
  viewers: AccountId[],
): Promise<Map<AccountId, PostId[]>> {
  const published = (await findPostHeads(app, postIds)).filter((post) => post.state === 'published');
  if (published.length === 0) return new Map();
  const authors = [...new Set(published.map((post) => post.account_id))];
  const ties = await store.selectFollowersAmong(app.shards, authors, viewers);
  const followers = [...new Set(ties.map((tie) => tie.viewer_id))];
  const blocks = await store.selectBlocksAmong(app.shards, followers, authors);
  const blocked = Map.groupBy(blocks, (block) => block.account_id);
  return new Map(
    [...Map.groupBy(ties, (tie) => tie.viewer_id)].map(([viewer, facts]) => {
      const ownBlocks = new Set(blocked.get(viewer)?.map((block) => block.target_id));
      const seen = judge(viewer, [facts, ownBlocks]);
      const mine = published.filter(
        ({ account_id }) => account_id !== viewer && seen.get(account_id)?.sees === 'all',
      );
      return [viewer, mine.map((post) => post.post_id)];
    }),
  );
}

const limited = atMost(AT_ONCE);

/** False when something could not be read: what is not told stays to be told. */
export async function tellPosts(
  app: App,
  hydrate: Hydrate,
  watchers: Watcher[],
  news: PostNews,
): Promise<boolean> {
  const reading = readComments(app, watchers, news.comments);
  if (!(await succeeds(reading))) return false;
  const rows = await reading;
  const told = await Promise.all(
    watchers.map((watcher) => limited(() => succeeds(tellWatcher(app, hydrate, watcher, news, rows)))),
  );
  return told.every(Boolean);
}

/** Of each post the newest, oldest first: one more than are told, if there are more. */
async function readComments(
  app: App,
  watchers: Watcher[],
  postIds: Set<PostId>,
): Promise<Map<PostId, CommentRow[]>> {
  const after = new Map<PostId, string>();
  for (const { postId, afterId } of watchers.flatMap(({ watches }) => [...watches.values()])) {
    const lowest = after.get(postId);
    if (postIds.has(postId) && (lowest === undefined || BigInt(afterId) < BigInt(lowest)))
      after.set(postId, afterId);
  }
  const wanted = [...after].map(([postId, afterId]) => ({ postId, after: afterId }));
  const found = await store.selectCommentIds(app.shards, wanted, COMMENTS_MAX + 1);
  const rows = await findComments(
    app,
    found.map((row) => row.comment_id),
  );
  return Map.groupBy(
    rows.toSorted((a, b) => -newestFirst(a.comment_id, b.comment_id)),
    (row) => row.post_id,
  );
}

async function tellWatcher(
  app: App,
  hydrate: Hydrate,
  { accountId, watches, tell }: Watcher,
  news: PostNews,
  rows: Map<PostId, CommentRow[]>,
): Promise<void> {
  const mine = [...watches.values()].filter(({ postId }) => news.posts.has(postId));
  const seen = await hydrate.counts(
    app,
    accountId,
    mine.map(({ postId }) => postId),
  );
  const events: LiveEvent[] = [];
  const then: (() => void)[] = [];
  for (const watch of mine) {
    const { postId } = watch;
    const counts = seen.get(postId);
    if (!counts) {
      if (watch.told !== null) events.push(postEvent(postId, null, true));
      then.push(() => Object.assign(watch, { told: null }));
      continue;
    }
    for (const id of news.gone.get(postId) ?? []) events.push({ type: 'comment-gone', data: { id, postId } });
    const fresh = (rows.get(postId) ?? []).filter((row) => BigInt(row.comment_id) > BigInt(watch.afterId));
    const isTooMuch = fresh.length > COMMENTS_MAX;
    if (!isTooMuch && fresh.length > 0)
      for (const data of await readCards(app, hydrate, accountId, counts.ownerId, fresh))
        events.push({ type: 'comment', data });
    const told = `${counts.likeCount} ${counts.commentCount}`;
    if (isTooMuch || told !== watch.told) events.push(postEvent(postId, counts, isTooMuch));
    then.push(() => Object.assign(watch, { told, afterId: fresh.at(-1)?.comment_id ?? watch.afterId }));
  }
  for (const note of then) note();
  await tell(events);
}

/** As everywhere, replies to somebody whom the viewer does not see are left out. */
async function readCards(
  app: App,
  hydrate: Hydrate,
  viewer: AccountId,
  ownerId: AccountId,
  rows: CommentRow[],
): Promise<CommentCard[]> {
  const cards = await hydrate.comments(app, viewer, ownerId, rows);
  const parentIds = new Set(cards.flatMap(({ parentId }) => (parentId ? [parentId as CommentId] : [])));
  if (parentIds.size === 0) return cards;
  const parents = await hydrate.comments(app, viewer, ownerId, await findComments(app, [...parentIds]));
  const seen = new Set(parents.map(({ id }) => id));
  return cards.filter(({ parentId }) => parentId === null || seen.has(parentId));
}

/** Counts null: it is not there any more, or not for this viewer. */
function postEvent(
  id: PostId,
  counts: { likeCount: number | null; commentCount: number } | null,
  isStale: boolean,
): LiveEvent {
  const { likeCount, commentCount } = counts ?? { likeCount: null, commentCount: null };
  return { type: 'post', data: { id, likeCount, commentCount, ...(isStale ? { stale: true } : {}) } };
}

/** False for what could not be had because a server does not answer. */
export async function succeeds(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof ServerDown) return false;
    throw error;
  }
}
