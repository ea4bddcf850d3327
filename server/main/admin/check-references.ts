/** What refers to something on another server, where no foreign key can be: likes, saves, comments and theirs, activity, hashtag pages. */
import type { AccountId, AnyId, CommentId, HashtagId, PostId } from '../../../core/ids.ts';
import { accountDeleted } from '../../features/accounts/schema.ts';
import { dropCommentLikes } from '../../features/comments/comment-likes.ts';
import { findComments, removeComment } from '../../features/comments/comments.ts';
import { commentDeleted, commentLikeChanged, commentMade } from '../../features/comments/schema.ts';
import { updateHashtagCount } from '../../features/explore/store.ts';
import { likeChanged } from '../../features/likes/schema.ts';
import { peopleChanged } from '../../features/people/schema.ts';
import { postChanged, postDeleted, postPublished } from '../../features/posts/schema.ts';
import type { App } from '../../infra/app.ts';
import { changeAt, writeAt } from '../../infra/shards.ts';
import { type Statement, sql } from '../../infra/sql.ts';
import { ask, type Check, type Difference, type Mender, type Sight, scan } from './check-differences.ts';

const BATCH = 1_000;

/** A row's key, of which `a` names its place, and what it refers to; 0 where there is no such thing. */
type Referring = { a: AnyId; b: AnyId; account_id: AccountId; post_id: PostId; comment_id: CommentId };
type Table = {
  name: string;
  next(after: Referring, shards: Buffer): Statement;
  one(row: Referring): Statement;
  menders(row: Referring): Mender[];
  remove(app: App, row: Referring): Promise<void>;
};
const START = { a: '0', b: '0', account_id: '0', post_id: '0', comment_id: '0' } as Referring;

const ofAccount = (accountId: AnyId): Mender => ({
  kind: accountDeleted,
  fields: ['accountId'],
  values: [accountId],
});
const ofPost = (postId: AnyId): Mender => ({ kind: postDeleted, fields: ['postId'], values: [postId] });
const ofComment = (commentId: AnyId): Mender => ({
  kind: commentDeleted,
  fields: ['commentId'],
  values: [commentId],
});

const likes: Table = {
  name: 'like',
  next: (after, shards) => sql`
    select account_id as a, post_id as b, account_id, post_id, 0::bigint as comment_id from likes
    where (account_id, post_id) > (${after.a}, ${after.b}) and get_bit(${shards}::bytea, ((account_id >> 10) & 8191)::integer) = 1
    order by account_id, post_id limit ${BATCH}`,
  one: ({ a, b }) => sql`
    select account_id as a, post_id as b, account_id, post_id, 0::bigint as comment_id from likes where account_id = ${a} and post_id = ${b}`,
  menders: ({ a, b }) => [
    { kind: likeChanged, fields: ['accountId', 'postId'], values: [a, b] },
    ofPost(b),
    ofAccount(a),
  ],
  remove: (app, { account_id: accountId, post_id: postId }) =>
    writeAt(app.shards, accountId, (tx) =>
      app.queue.enqueue(tx, likeChanged, [{ edges: [{ accountId, postId }] }]),
    ),
};

const saves: Table = {
  name: 'save',
  next: (after, shards) => sql`
    select account_id as a, post_id as b, account_id, post_id, 0::bigint as comment_id from saves
    where (account_id, post_id) > (${after.a}, ${after.b}) and get_bit(${shards}::bytea, ((account_id >> 10) & 8191)::integer) = 1
    order by account_id, post_id limit ${BATCH}`,
  one: ({ a, b }) => sql`
    select account_id as a, post_id as b, account_id, post_id, 0::bigint as comment_id from saves where account_id = ${a} and post_id = ${b}`,
  menders: ({ a, b }) => [ofPost(b), ofAccount(a)],
  async remove(app, { a, b }) {
    await changeAt(app.shards, a, sql`delete from saves where account_id = ${a} and post_id = ${b}`);
  },
};

const comments: Table = {
  name: 'comment',
  next: (after, shards) => sql`
    select comment_id as a, 0::bigint as b, account_id, post_id, parent_id as comment_id from comments
    where comment_id > ${after.a} and get_bit(${shards}::bytea, ((comment_id >> 10) & 8191)::integer) = 1 order by comment_id limit ${BATCH}`,
  one: ({ a }) => sql`
    select comment_id as a, 0::bigint as b, account_id, post_id, parent_id as comment_id from comments where comment_id = ${a}`,
  menders: ({ account_id, post_id, comment_id }) => [
    ofPost(post_id),
    ofAccount(account_id),
    ofComment(comment_id),
  ],
  async remove(app, { a }) {
    for (const row of await findComments(app, [a as CommentId])) await removeComment(app, row);
  },
};

const commentLikes: Table = {
  name: 'like of a comment',
  next: (after, shards) => sql`
    select comment_id as a, account_id as b, account_id, 0::bigint as post_id, comment_id from comment_likes
    where (comment_id, account_id) > (${after.a}, ${after.b}) and get_bit(${shards}::bytea, ((comment_id >> 10) & 8191)::integer) = 1
    order by comment_id, account_id limit ${BATCH}`,
  one: ({ a, b }) => sql`
    select comment_id as a, account_id as b, account_id, 0::bigint as post_id, comment_id from comment_likes
    where comment_id = ${a} and account_id = ${b}`,
  menders: ({ account_id, comment_id }) => [ofComment(comment_id), ofAccount(account_id)],
  remove: (app, { account_id: accountId, comment_id: commentId }) =>
    dropCommentLikes(app, [{ accountId, commentId }]),
};

const activity: Table = {
  name: 'activity',
  next: (after, shards) => sql`
    select account_id as a, activity_id as b, actor_id as account_id, post_id, comment_id from activity
    where (account_id, activity_id) > (${after.a}, ${after.b}) and get_bit(${shards}::bytea, ((account_id >> 10) & 8191)::integer) = 1
    order by account_id, activity_id limit ${BATCH}`,
  one: ({ a, b }) => sql`
    select account_id as a, activity_id as b, actor_id as account_id, post_id, comment_id from activity where account_id = ${a} and activity_id = ${b}`,
  menders: ({ a, account_id, post_id, comment_id }) => [
    ofAccount(a),
    ofAccount(account_id),
    ofPost(post_id),
    { kind: postPublished, fields: ['postId'], values: [post_id] },
    { kind: postChanged, fields: ['postId'], values: [post_id] },
    { kind: peopleChanged, fields: ['postId', 'accountId'], values: [post_id, a] },
    { kind: commentMade, fields: ['commentId'], values: [comment_id] },
    { kind: commentLikeChanged, fields: ['accountId', 'commentId'], values: [account_id, comment_id] },
    ofComment(comment_id),
  ],
  async remove(app, { a, b }) {
    await changeAt(app.shards, a, sql`delete from activity where account_id = ${a} and activity_id = ${b}`);
  },
};

const hashtagPosts: Table = {
  name: 'hashtag page',
  next: (after, shards) => sql`
    select hashtag_id as a, post_id as b, 0::bigint as account_id, post_id, 0::bigint as comment_id from hashtag_posts
    where (hashtag_id, post_id) > (${after.a}, ${after.b}) and get_bit(${shards}::bytea, ((hashtag_id >> 10) & 8191)::integer) = 1
    order by hashtag_id, post_id limit ${BATCH}`,
  one: ({ a, b }) => sql`
    select hashtag_id as a, post_id as b, 0::bigint as account_id, post_id, 0::bigint as comment_id from hashtag_posts
    where hashtag_id = ${a} and post_id = ${b}`,
  menders: ({ post_id }) => [ofPost(post_id)],
  async remove(app, { a, b }) {
    await changeAt(app.shards, a, sql`delete from hashtag_posts where hashtag_id = ${a} and post_id = ${b}`);
    await updateHashtagCount(app.shards, a as HashtagId);
  },
};

export const checkReferences: Check = {
  name: 'references to other servers',
  async *find(sight): AsyncIterable<Difference[]> {
    for (const table of [likes, saves, comments, commentLikes, activity, hashtagPosts])
      for await (const rows of scan<Referring>(sight, (after, shards) => table.next(after ?? START, shards)))
        yield danglingOf(sight, table, rows);
  },
};

async function danglingOf(sight: Sight, table: Table, rows: Referring[]): Promise<Difference[]> {
  const [accounts, posts, comments] = await Promise.all([
    readThere(sight, rows, (row) => row.account_id, accountsThere),
    readThere(sight, rows, (row) => row.post_id, postsThere),
    readThere(sight, rows, (row) => row.comment_id, commentsThere),
  ]);
  return rows.flatMap((row) => {
    const lost = [
      ...(accounts(row.account_id) ? [] : [`account ${row.account_id}`]),
      ...(posts(row.post_id) ? [] : [`post ${row.post_id}`]),
      ...(comments(row.comment_id) ? [] : [`comment ${row.comment_id}`]),
    ];
    if (lost.length === 0) return [];
    return {
      key: `${table.name} ${row.a} ${row.b}`,
      is: `refers to ${lost.join(' and ')}, which is not there`,
      menders: table.menders(row),
      async again() {
        const { rows: now } = await ask<Referring, AnyId>(sight, [row.a], () => table.one(row));
        return (await danglingOf(sight, table, now))[0] ?? null;
      },
      repair: (app) => table.remove(app, row),
    };
  });
}

/** Says of an ID whether it is there, or cannot be known not to be. */
async function readThere<Id extends AnyId>(
  sight: Sight,
  rows: Referring[],
  idOf: (row: Referring) => Id,
  statement: (share: Id[]) => Statement,
): Promise<(id: Id) => boolean> {
  const wanted = rows.map(idOf).filter((id) => id !== '0');
  const { rows: found, isSeen } = await ask<{ id: Id }, Id>(sight, wanted, statement);
  const there = new Set(found.map(({ id }) => id));
  return (id) => id === '0' || there.has(id) || !isSeen(id);
}

const accountsThere = (share: AccountId[]): Statement =>
  sql`select account_id as id from accounts where account_id = any(${share}::bigint[])`;
const postsThere = (share: PostId[]): Statement =>
  sql`select post_id as id from posts where post_id = any(${share}::bigint[])`;
const commentsThere = (share: CommentId[]): Statement =>
  sql`select comment_id as id from comments where comment_id = any(${share}::bigint[])`;
