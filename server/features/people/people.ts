/**
 * Who is on the photos of a post: written with the post, in its shard, and mirrored by a job to the shard of the account that is
 * named. Whoever takes his name away is not named on that post again; a block takes away the names of either on the other's posts.
 * What of it a viewer is shown: only posts that he may see, and on them only accounts of which he may see anything.
 */
import type { AccountId, MediaId, PostId } from '../../../core/ids.ts';
import { NotFound, Unusable } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { changing, lockEdges, sweepServers, writeAt } from '../../infra/shards.ts';
import { seeAccount, seeAccounts } from '../graph/audience.ts';
import { type PersonWish, peopleChanged } from './schema.ts';
import * as store from './store.ts';

export type PhotoPeople = { mediaId: MediaId; people: PersonWish[] };
export type Edge = { postId: PostId; accountId: AccountId };
export type TagNews = Edge & { authorId: AccountId; stands: boolean };

const BATCH = 100;

/** Throws Unusable for one of whom the author may see nothing: nobody can be found out, or pestered, by naming him. */
export async function refuseUnknownPeople(
  app: App,
  author: AccountId,
  photos: readonly { people?: PersonWish[] | undefined }[],
): Promise<void> {
  const wanted = photos.flatMap(({ people = [] }) => people.map(({ accountId }) => accountId));
  const seen = await seeAccounts(app, author, [...new Set(wanted)]);
  const unknown = wanted.find((accountId) => !seen.has(accountId));
  // Asked again alone: one whose server does not answer may well be there.
  if (unknown && !(await seeAccount(app, author, unknown))) throw personUnknown(unknown);
}

function personUnknown(accountId: AccountId): Unusable {
  return new Unusable(
    422,
    'person_unknown',
    `There is no account ${accountId} that you could name on this post.`,
  );
}

/** These and nobody else are on the given photos from now on. In a transaction that holds the post, or has just made it. */
export async function namePeople(
  app: App,
  tx: Transaction,
  postId: PostId,
  photos: PhotoPeople[],
): Promise<void> {
  const rows = await store.selectPeople(tx, postId);
  const tags = photos.flatMap(({ mediaId, people }) => people.map((person) => ({ mediaId, ...person })));
  if (rows.length + tags.length === 0) return;
  const removed = new Set(rows.flatMap((row) => (row.is_removed ? [row.account_id] : [])));
  const refused = tags.find(({ accountId }) => removed.has(accountId));
  if (refused) throw personUnknown(refused.accountId);
  const named = new Set(photos.map(({ mediaId }) => mediaId));
  const kept = new Set(tags.map(keyOf));
  const gone = rows
    .filter((row) => !row.is_removed && named.has(row.media_id))
    .map((row) => ({ mediaId: row.media_id, accountId: row.account_id }))
    .filter((tag) => !kept.has(keyOf(tag)));
  if (gone.length > 0) await store.deletePeople(tx, postId, gone);
  if (tags.length > 0) await store.insertPeople(tx, postId, tags);
  await enqueueEdges(
    app,
    tx,
    postId,
    [...gone, ...tags].map(({ accountId }) => accountId),
  );
}

function keyOf({ mediaId, accountId }: Pick<store.Tag, 'mediaId' | 'accountId'>): string {
  return `${mediaId} ${accountId}`;
}

/** When the post is published: from now on they may know. */
export async function announcePeople(app: App, tx: Transaction, postId: PostId): Promise<void> {
  const rows = await store.selectPeople(tx, postId);
  await enqueueEdges(
    app,
    tx,
    postId,
    rows.map((row) => row.account_id),
  );
}

async function enqueueEdges(
  app: App,
  tx: Transaction,
  postId: PostId,
  accountIds: AccountId[],
): Promise<void> {
  const edges = [...new Set(accountIds)].map((accountId) => ({ postId, accountId }));
  if (edges.length > 0) await app.queue.enqueue(tx, peopleChanged, [{ edges }]);
}

/** Takes the viewer's name away, also on a post that he may not see. Twice is once. NotFound where he was never named. */
export async function removeMyName(app: App, viewer: AccountId, postId: PostId): Promise<void> {
  await writeAt(app.shards, postId, async (tx) => {
    const authorId = await store.lockPost(tx, postId);
    const wasNamed =
      authorId === viewer
        ? await store.deletePerson(tx, postId, viewer, true)
        : await store.updateRemoved(tx, postId, viewer);
    if (!wasNamed && authorId !== viewer) throw new NotFound();
    await enqueueEdges(app, tx, postId, [viewer]);
  });
}

/** Newest first; what the viewer may not see is dropped by hydration. */
export function listTaggedPosts(
  app: App,
  accountId: AccountId,
  before: string,
  limit: number,
): Promise<PostId[]> {
  return store.selectTaggedPosts(app.shards, accountId, before, limit);
}

// the mirror --------------------------------------------------------------------------------------------------

/**
 * post_people → tagged_posts, and what those who are named are told. Compares both sides as they stand, so it may run twice and
 * out of order. `tell` runs in the transaction at the side of the one who is named.
 */
export async function mirrorPeople(
  app: App,
  edges: Edge[],
  tell: (tx: Transaction, news: TagNews) => Promise<void>,
): Promise<void> {
  const wanted = new Map(edges.map((edge) => [`${edge.postId} ${edge.accountId}`, edge]));
  for (const edge of wanted.values()) {
    await dropWhereApart(app, edge);
    await mirrorEdge(app, edge, tell);
  }
}

/** A block that came between the author's look and his commit. From both sides, since each one's own blocks are cached. */
async function dropWhereApart(app: App, { postId, accountId }: Edge): Promise<void> {
  const post = await store.selectTagged(app.shards, postId);
  if (!post?.account_ids.includes(accountId)) return;
  const { author_id: authorId } = post;
  const isKnown =
    (await seeAccount(app, authorId, accountId)) && (await seeAccount(app, accountId, authorId));
  if (!isKnown) await writeAt(app.shards, postId, (tx) => dropName(app, tx, postId, accountId, false));
}

async function mirrorEdge(
  app: App,
  { postId, accountId }: Edge,
  tell: (tx: Transaction, news: TagNews) => Promise<void>,
): Promise<void> {
  await writeAt(app.shards, accountId, async (tx) => {
    await lockEdges(tx, [`tag:${accountId}:${postId}`]);
    const post = await store.selectTagged(app.shards, postId);
    const stands = post?.account_ids.includes(accountId) ?? false;
    if (stands) await store.insertTaggedPost(tx, accountId, postId);
    else await store.deleteTaggedPost(tx, accountId, postId);
    if (post) await tell(tx, { postId, accountId, authorId: post.author_id, stands });
  });
}

async function dropName(
  app: App,
  tx: Transaction,
  postId: PostId,
  accountId: AccountId,
  isForGood: boolean,
): Promise<void> {
  await store.lockPost(tx, postId);
  if (await store.deletePerson(tx, postId, accountId, isForGood))
    await enqueueEdges(app, tx, postId, [accountId]);
}

// removal -----------------------------------------------------------------------------------------------------

/** After a block: neither is named on the other's posts any more. */
export async function separate(app: App, accountId: AccountId, otherId: AccountId): Promise<void> {
  await dropNames(app, accountId, otherId);
  await dropNames(app, otherId, accountId);
}

async function dropNames(app: App, authorId: AccountId, accountId: AccountId): Promise<void> {
  for (let postIds: PostId[] = []; ; ) {
    postIds = await store.selectPostsBetween(app.shards, authorId, accountId, BATCH);
    for (const postId of postIds)
      await writeAt(app.shards, postId, (tx) => dropName(app, tx, postId, accountId, false));
    if (postIds.length < BATCH) return;
  }
}

/** For the removal of a post, which is marked as deleted: takes it out of all mirrors. */
export async function forgetPost(app: App, postId: PostId): Promise<void> {
  const accountIds = await writeAt(app.shards, postId, (tx) => store.selectPeople(tx, postId));
  for (const accountId of new Set(accountIds.map((row) => row.account_id)))
    await mirrorEdge(app, { postId, accountId }, async () => undefined);
}

export const removePeople = store.deletePeopleOf;

/** For the removal of an account: takes its name away on up to `limit` posts per server, and says whether any are left. */
export async function dropSomeNames(app: App, accountId: AccountId, limit: number): Promise<boolean> {
  let dropped = 0;
  await sweepServers(app.shards, async (database) => {
    const postIds = await store.selectPostsNaming(database, accountId, limit);
    for (const postId of postIds)
      await writeAt(app.shards, postId, (tx) => dropName(app, tx, postId, accountId, true));
    dropped += postIds.length;
  });
  if (dropped === 0) await store.deleteTaggedPostsOf(changing(app.shards, accountId), accountId);
  return dropped > 0;
}
