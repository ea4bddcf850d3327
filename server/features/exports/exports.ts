/**
 * All that is an account's, as files: what it is, has made and has done, and its photos. Of others no more than their ids and
 * handles, and those only where it may see them. Read part by part while it is sent, and from all servers or not at all.
 */
import { Readable } from 'node:stream';
import { type AccountId, type AnyId, timeOf } from '../../../core/ids.ts';
import { Conflict, Unavailable } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import { runOutsideRequests } from '../../infra/request-context.ts';
import { ServerDown } from '../../infra/server-down.ts';
import { type FileInZip, zipOf } from '../../infra/zip.ts';
import { getAccount } from '../accounts/accounts.ts';
import { seeAccounts } from '../graph/audience.ts';
import { openPhotos, pathsOf } from './photos.ts';
import * as store from './store.ts';

const NEWEST = '9223372036854775807';
const PART = 500;
/** In one process, of all members. */
const AT_ONCE_MAX = 4;

const underWay = new WeakMap<App, Set<AccountId>>();

/**
 * Takes the account's place until the ZIP is read or given up. Throws Conflict while another of the account is under way here,
 * Unavailable while too many are, ServerDown where not all servers answer. `mayBegin` is asked after that.
 */
export async function openExport(
  app: App,
  accountId: AccountId,
  mayBegin: () => Promise<void>,
): Promise<{ stream: Readable; name: string }> {
  const now = underWay.get(app) ?? new Set();
  underWay.set(app, now);
  if (now.has(accountId))
    throw new Conflict('export_running', 'A download of your data is under way. Wait until it has ended.');
  if (now.size >= AT_ONCE_MAX)
    throw new Unavailable('busy', 'Others are downloading their data just now. Try again in a minute.', 60);
  if (app.shards.servers.some(({ database }) => database.isDown()))
    throw new ServerDown('servers', 'not all answer');
  now.add(accountId);
  try {
    await mayBegin();
    const { handle } = await getAccount(app, accountId);
    const stream = runOutsideRequests(() => zipOf(filesOf(app, accountId)));
    stream.once('close', () => now.delete(accountId));
    const day = new Date(app.clock.nowMs()).toISOString().slice(0, 10);
    return { stream, name: `pinhole-${handle}-${day}.zip` };
  } catch (error) {
    now.delete(accountId);
    throw error;
  }
}

async function* filesOf(app: App, accountId: AccountId): AsyncGenerator<FileInZip> {
  const { shards } = app;
  const rows = <Row>(
    read: (shardsOf: typeof shards, id: AccountId, before: string, limit: number) => Promise<Row[]>,
    idOf: (row: Row) => string,
  ) => partsOf((before) => read(shards, accountId, before, PART), idOf);
  const posts = () => rows(store.selectOwnPosts, (row) => row.post_id);
  yield asJson('account.json', one(describeAccount(app, accountId)));
  yield asJson('posts.json', shaped(posts(), presentPosts));
  yield asJson('comments.json', shaped(commentsOf(app, accountId), presentComments));
  yield asJson(
    'likes.json',
    shaped(
      rows(store.selectOwnLikes, (row) => row.post_id),
      presentMarks,
    ),
  );
  yield asJson(
    'saves.json',
    shaped(
      rows(store.selectOwnSaves, (row) => row.mark_id),
      presentMarks,
    ),
  );
  const ties = (parts: AsyncIterable<store.OwnTie[]>) =>
    shaped(parts, (part) => presentTies(app, accountId, part));
  yield asJson('follows.json', ties(rows(store.selectOwnFollows, (row) => row.tie_id)));
  yield asJson('followers.json', ties(rows(store.selectOwnFollowers, (row) => row.tie_id)));
  const activity = rows(store.selectOwnActivity, (row) => row.activity_id);
  yield asJson(
    'activity.json',
    shaped(activity, (part) => presentActivity(app, accountId, part)),
  );
  yield* openPhotos(app, accountId, posts());
}

// reading: never within the request, which is patient for seconds and leaves out what does not answer. Whoever reads the
// ZIP pulls, so that its context would come along.

async function* partsOf<Row>(
  read: (before: string) => Promise<Row[]>,
  idOf: (row: Row) => string,
): AsyncGenerator<Row[]> {
  for (let before = NEWEST; ; ) {
    const part = await runOutsideRequests(() => read(before));
    yield part;
    const last = part.at(-1);
    if (!last || part.length < PART) return;
    before = idOf(last);
  }
}

/** Server by server. Throws when shards moved meanwhile: what moved was then perhaps met twice, or nowhere. */
async function* commentsOf(app: App, accountId: AccountId): AsyncGenerator<store.OwnComment[]> {
  const { version } = app.shards;
  for (const { database } of app.shards.servers)
    yield* partsOf(
      (before) => store.selectOwnComments(database, accountId, before, PART),
      (row) => row.comment_id,
    );
  if (app.shards.version !== version) throw new ServerDown('servers', 'shards are moving');
}

// shaping -----------------------------------------------------------------------------------------------------

async function describeAccount(app: App, accountId: AccountId) {
  const account = await getAccount(app, accountId);
  return {
    id: account.account_id,
    handle: account.handle,
    name: account.name,
    bio: account.bio,
    email: account.email,
    emailConfirmedAt: account.email_confirmed_at?.toISOString() ?? null,
    role: account.role,
    createdAt: account.created_at.toISOString(),
    followerCount: Number(account.follower_count),
    followingCount: Number(account.following_count),
    postCount: Number(account.post_count),
    settings: {
      isPrivate: account.is_private,
      keepsOriginals: account.keeps_originals,
      language: account.language,
      notifications: {
        likes: account.notifies_likes,
        comments: account.notifies_comments,
        follows: account.notifies_follows,
        mentions: account.notifies_mentions,
      },
    },
  };
}

function presentPosts(part: store.OwnPost[]) {
  return part.map((post) => ({
    id: post.post_id,
    state: post.state,
    createdAt: post.created_at.toISOString(),
    caption: post.caption,
    placeName: post.place_name,
    audience: post.audience,
    takesComments: post.takes_comments,
    hidesLikeCount: post.hides_like_count,
    likeCount: Number(post.like_count),
    commentCount: Number(post.comment_count),
    photos: post.photos.map((photo, at) => ({
      ...pathsOf(post, at),
      altText: photo.alt_text,
      edits: photo.edits,
      takenAt: photo.taken_at,
      place: photo.latitude === null ? null : { latitude: photo.latitude, longitude: photo.longitude },
    })),
  }));
}

function presentComments(part: store.OwnComment[]) {
  return part.map((row) => ({
    id: row.comment_id,
    postId: row.post_id,
    parentId: row.parent_id === '0' ? null : row.parent_id,
    createdAt: dateOf(row.comment_id),
    text: row.text,
  }));
}

function presentMarks(part: store.OwnMark[]) {
  return part.map((row) => ({ postId: row.post_id, createdAt: dateOf(row.mark_id as AnyId) }));
}

async function presentTies(app: App, viewer: AccountId, part: store.OwnTie[]) {
  const handleOf = await findHandles(
    app,
    viewer,
    part.map((row) => row.other_id),
  );
  return part.flatMap((row) => {
    const handle = handleOf(row.other_id);
    return handle
      ? { accountId: row.other_id, handle, state: row.state, since: dateOf(row.tie_id as AnyId) }
      : [];
  });
}

async function presentActivity(app: App, viewer: AccountId, part: store.OwnActivity[]) {
  const handleOf = await findHandles(
    app,
    viewer,
    part.map((row) => row.actor_id),
  );
  return part.flatMap((row) => {
    const handle = handleOf(row.actor_id);
    if (!handle) return [];
    return {
      kind: row.kind,
      accountId: row.actor_id,
      handle,
      postId: row.post_id === '0' ? null : row.post_id,
      commentId: row.comment_id === '0' ? null : row.comment_id,
      createdAt: dateOf(row.activity_id as AnyId),
    };
  });
}

async function findHandles(app: App, viewer: AccountId, accountIds: AccountId[]) {
  const seen = await seeAccounts(app, viewer, [...new Set(accountIds)]);
  return (accountId: AccountId) => seen.get(accountId)?.handle;
}

function dateOf(id: AnyId): string {
  return new Date(timeOf(id)).toISOString();
}

// writing -----------------------------------------------------------------------------------------------------

async function* shaped<Row>(
  parts: AsyncIterable<Row[]>,
  shape: (part: Row[]) => object[] | Promise<object[]>,
): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const part of parts) {
    const items = await runOutsideRequests(async () => shape(part));
    if (items.length === 0) continue;
    yield separator + items.map((item) => JSON.stringify(item)).join(',\n');
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}

async function* one(value: Promise<object>): AsyncGenerator<string> {
  yield `${JSON.stringify(await value, null, 2)}\n`;
}

function asJson(name: string, text: AsyncGenerator<string>): FileInZip {
  return { name, stream: Readable.from(text, { objectMode: false }), isPacked: false };
}
