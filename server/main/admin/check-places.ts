/** What stands in another place than its source: handles in the directory, hashtag pages. Photo files: check-files.ts. */
import type { AccountId, HashtagId, PostId } from '../../../core/ids.ts';
import { hashtagsIn } from '../../../core/text.ts';
import { accountChanged, accountDeleted, privacyChanged } from '../../features/accounts/schema.ts';
import { deleteClaims } from '../../features/accounts/store.ts';
import { indexPost } from '../../features/explore/explore.ts';
import { updateHashtagCount } from '../../features/explore/store.ts';
import { postChanged, postDeleted, postPublished } from '../../features/posts/schema.ts';
import { writeAt } from '../../infra/shards.ts';
import { type Statement, sql } from '../../infra/sql.ts';
import { ask, type Check, type Difference, type Mender, type Sight, scan } from './check-differences.ts';

const BATCH = 500;

// handles -----------------------------------------------------------------------------------------------------

type Account = { account_id: AccountId; handle: string; name: string; is_active: boolean };
type Handle = { account_id: AccountId; handle: string; search_name: string; is_live: boolean };

export const checkHandles: Check = {
  name: 'handles in the directory',
  async *find(sight): AsyncIterable<Difference[]> {
    const accounts = scan<Account>(
      sight,
      (after, shards) => sql`
        select account_id, handle, name, state = 'active' as is_active from accounts
        where account_id > ${after?.account_id ?? '0'} and get_bit(${shards}::bytea, ((account_id >> 10) & 8191)::integer) = 1
        order by account_id limit ${BATCH}`,
    );
    for await (const batch of accounts) yield wrongHandles(sight, batch);
    for (let after = '0'; ; ) {
      const handles = await sight.app.shards.directory.rows<Handle>(sql`
        select account_id, handle, search_name, is_live from handles
        where account_id > ${after} order by account_id limit ${BATCH}`);
      yield nobodysHandles(sight, handles);
      const last = handles.at(-1);
      if (!last) break;
      after = last.account_id;
    }
  },
};

const mendersOfAccount = (accountId: AccountId): Mender[] => [
  { kind: accountChanged, fields: ['accountId'], values: [accountId] },
  { kind: accountDeleted, fields: ['accountId'], values: [accountId] },
];

async function wrongHandles(sight: Sight, accounts: Account[]): Promise<Difference[]> {
  const rows = await sight.app.shards.directory.rows<Handle>(sql`
    select account_id, handle, search_name, is_live from handles
    where account_id = any(${accounts.map((each) => each.account_id)}::bigint[])`);
  const standing = new Map(
    rows.map((row) => [row.account_id, `${row.handle} ${row.search_name} ${row.is_live}`]),
  );
  return accounts.flatMap(({ account_id, handle, name, is_active }) => {
    const stands = standing.get(account_id);
    const wanted = `${handle} ${name.normalize('NFKC').toLowerCase()} ${is_active}`;
    if (stands === wanted) return [];
    return {
      key: account_id,
      is: `the directory says "${stands ?? 'nothing'}", the account "${wanted}"`,
      menders: mendersOfAccount(account_id),
      again: async () =>
        (
          await wrongHandles(sight, (await ask<Account, AccountId>(sight, [account_id], accountsOf)).rows)
        )[0] ?? null,
      repair: (app) =>
        writeAt(app.shards, account_id, (tx) =>
          app.queue.enqueue(tx, accountChanged, [{ accountId: account_id }]),
        ),
    };
  });
}

function accountsOf(accountIds: AccountId[]): Statement {
  return sql`
    select account_id, handle, name, state = 'active' as is_active from accounts where account_id = any(${accountIds}::bigint[])`;
}

/** Handles that are shown, and lead to no account. (One of a sign-up that died is shown to nobody, and freed for the next.) */
async function nobodysHandles(sight: Sight, handles: Handle[]): Promise<Difference[]> {
  const live = handles.filter(({ is_live }) => is_live);
  const { rows, isSeen } = await ask<Account, AccountId>(
    sight,
    live.map(({ account_id }) => account_id),
    accountsOf,
  );
  const there = new Set(rows.map(({ account_id }) => account_id));
  const lost = live.filter(({ account_id }) => isSeen(account_id) && !there.has(account_id));
  return lost.map(({ account_id, handle }) => ({
    key: `@${handle}`,
    is: `leads to account ${account_id}, which is not on its server`,
    menders: mendersOfAccount(account_id),
    async again() {
      const now = await sight.app.shards.directory.rows<Handle>(sql`
        select account_id, handle, search_name, is_live from handles where account_id = ${account_id}`);
      return (await nobodysHandles(sight, now))[0] ?? null;
    },
    repair: (app) => deleteClaims(app.shards.directory, account_id),
  }));
}

// hashtags ----------------------------------------------------------------------------------------------------

type Post = { post_id: PostId; account_id: AccountId; caption: string; is_open: boolean };
type Hashtag = { tag: string; hashtag_id: HashtagId; post_count: string };

export const checkHashtags: Check = {
  name: 'hashtag pages',
  async *find(sight): AsyncIterable<Difference[]> {
    const posts = scan<Post>(
      sight,
      (after, shards) => sql`
        select post_id, account_id, caption, posts.state = 'published' and audience = 'everyone' and accounts.state = 'active' and not is_private as is_open
        from posts join accounts using (account_id)
        where post_id > ${after?.post_id ?? '0'} and get_bit(${shards}::bytea, ((post_id >> 10) & 8191)::integer) = 1
        order by post_id limit ${BATCH}`,
    );
    for await (const batch of posts) yield wrongPages(sight, batch);
    for (let after = ''; ; ) {
      const tags = await sight.app.shards.directory.rows<Hashtag>(sql`
        select tag, hashtag_id, post_count from hashtags where tag > ${after} order by tag limit ${BATCH}`);
      yield wrongCounts(sight, tags);
      const last = tags.at(-1);
      if (!last) break;
      after = last.tag;
    }
  },
};

async function wrongPages(sight: Sight, posts: Post[]): Promise<Difference[]> {
  const tagsOf = await readTags(
    sight,
    posts.map((post) => post.post_id),
  );
  if (!tagsOf) return [];
  return posts.flatMap(({ post_id, account_id, caption, is_open }) => {
    const wanted = is_open ? hashtagsIn(caption).sort().join(' ') : '';
    const stands = (tagsOf.get(post_id) ?? []).sort().join(' ');
    if (wanted === stands) return [];
    return {
      key: post_id,
      is: `found under "${stands}" instead of "${wanted}"`,
      menders: [
        { kind: postPublished, fields: ['postId'], values: [post_id] },
        { kind: postChanged, fields: ['postId'], values: [post_id] },
        { kind: postDeleted, fields: ['postId'], values: [post_id] },
        { kind: privacyChanged, fields: ['accountId'], values: [account_id] },
        { kind: accountDeleted, fields: ['accountId'], values: [account_id] },
      ],
      again: async () =>
        (await wrongPages(sight, (await ask<Post, PostId>(sight, [post_id], postsOf)).rows))[0] ?? null,
      repair: (app) => indexPost(app, post_id),
    };
  });
}

function postsOf(postIds: PostId[]): Statement {
  return sql`
    select post_id, account_id, caption, posts.state = 'published' and audience = 'everyone' and accounts.state = 'active' and not is_private as is_open
    from posts join accounts using (account_id) where post_id = any(${postIds}::bigint[])`;
}

/** Post → the hashtags under which it is found, from all servers; null when one does not answer. */
async function readTags(sight: Sight, postIds: PostId[]): Promise<Map<PostId, string[]> | null> {
  const { shards } = sight.app;
  if (shards.servers.some(({ name }) => sight.unseen.has(name))) return null;
  const found = await Promise.all(
    shards.servers.map(({ database }) =>
      database.rows<{ post_id: PostId; hashtag_id: HashtagId }>(sql`
        select post_id, hashtag_id from hashtag_posts where post_id = any(${postIds}::bigint[]) and is_owned(hashtag_id)`),
    ),
  );
  const rows = found.flat();
  const names = await shards.directory.rows<{ hashtag_id: HashtagId; tag: string }>(sql`
    select hashtag_id, tag from hashtags where hashtag_id = any(${[...new Set(rows.map((row) => row.hashtag_id))]}::bigint[])`);
  const nameOf = new Map(names.map((row) => [row.hashtag_id, row.tag]));
  const tags = Map.groupBy(rows, (row) => row.post_id);
  return new Map(
    [...tags].map(([postId, each]) => [postId, each.map((row) => nameOf.get(row.hashtag_id) ?? '?')]),
  );
}

async function wrongCounts(sight: Sight, tags: Hashtag[]): Promise<Difference[]> {
  const { rows, isSeen } = await ask<{ hashtag_id: HashtagId; count: string }, HashtagId>(
    sight,
    tags.map((row) => row.hashtag_id),
    (share) => sql`
      select hashtag_id, count(*) from hashtag_posts where hashtag_id = any(${share}::bigint[]) group by hashtag_id`,
  );
  const countOf = new Map(rows.map((row) => [row.hashtag_id, row.count]));
  const wrong = tags.filter(
    ({ hashtag_id, post_count }) => isSeen(hashtag_id) && post_count !== (countOf.get(hashtag_id) ?? '0'),
  );
  return wrong.map(({ tag, hashtag_id, post_count }) => ({
    key: `#${tag}`,
    is: `says ${post_count} posts, has ${countOf.get(hashtag_id) ?? '0'}`,
    // Which posts came and went cannot be known: all such jobs that were there.
    menders: [postPublished, postChanged, postDeleted, privacyChanged].map((kind) => ({
      kind,
      fields: [],
      values: [],
    })),
    async again() {
      const now = await sight.app.shards.directory.rows<Hashtag>(sql`
        select tag, hashtag_id, post_count from hashtags where hashtag_id = ${hashtag_id}`);
      return (await wrongCounts(sight, now))[0] ?? null;
    },
    repair: (app) => updateHashtagCount(app.shards, hashtag_id),
  }));
}
