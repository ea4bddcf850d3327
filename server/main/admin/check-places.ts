/** What stands in another place than its source: handles in the directory, hashtag pages. Photo files: check-files.ts. */
import type { AccountId, HashtagId, PostId } from '../../../core/ids.ts';
import { hashtagsIn } from '../../../core/text.ts';
import { accountChanged } from '../../features/accounts/schema.ts';
import { indexPost } from '../../features/explore/explore.ts';
import { updateHashtagCount } from '../../features/explore/store.ts';
import type { App } from '../../infra/app.ts';
import { readEach, writeAt } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';
import type { Check, Difference } from './check.ts';

const BATCH = 500;

export const checkHandles: Check = {
  name: 'handles in the directory',
  async *find(app): AsyncIterable<Difference> {
    for (const { database } of app.shards.servers) {
      for (let after = '0'; ; ) {
        const accounts = await database.rows<{
          account_id: AccountId;
          handle: string;
          name: string;
          is_active: boolean;
        }>(sql`
          select account_id, handle, name, state = 'active' as is_active from accounts
          where account_id > ${after} order by account_id limit ${BATCH}`);
        const rows = await app.shards.directory.rows<{
          account_id: AccountId;
          handle: string;
          search_name: string;
          is_live: boolean;
        }>(sql`
          select account_id, handle, search_name, is_live from handles where account_id = any(${accounts.map((each) => each.account_id)})`);
        const standing = new Map(
          rows.map((row) => [row.account_id, `${row.handle} ${row.search_name} ${row.is_live}`]),
        );
        for (const { account_id, handle, name, is_active } of accounts) {
          const stands = standing.get(account_id);
          const wanted = `${handle} ${name.normalize('NFKC').toLowerCase()} ${is_active}`;
          if (stands !== wanted)
            yield {
              key: account_id,
              is: `the directory says "${stands ?? 'nothing'}", the account "${wanted}"`,
              repair: () => mirrorAgain(app, account_id),
            };
        }
        const last = accounts.at(-1);
        if (!last) break;
        after = last.account_id;
      }
    }
  },
};

async function mirrorAgain(app: App, accountId: AccountId): Promise<void> {
  await writeAt(app.shards, accountId, (tx) => app.queue.enqueue(tx, accountChanged, [{ accountId }]));
}

export const checkHashtags: Check = {
  name: 'hashtag pages',
  async *find(app): AsyncIterable<Difference> {
    for (const { database } of app.shards.servers) {
      for (let after = '0'; ; ) {
        const posts = await database.rows<{ post_id: PostId; caption: string; is_open: boolean }>(sql`
          select post_id, caption, posts.state = 'published' and accounts.state = 'active' and not is_private as is_open
          from posts join accounts using (account_id) where post_id > ${after} order by post_id limit ${BATCH}`);
        const tagsOf = await readTags(
          app,
          posts.map((post) => post.post_id),
        );
        for (const { post_id, caption, is_open } of posts) {
          const wanted = is_open ? hashtagsIn(caption).sort().join(' ') : '';
          const stands = (tagsOf.get(post_id) ?? []).sort().join(' ');
          if (wanted !== stands)
            yield {
              key: post_id,
              is: `found under "${stands}" instead of "${wanted}"`,
              repair: () => indexPost(app, post_id),
            };
        }
        const last = posts.at(-1);
        if (!last) break;
        after = last.post_id;
      }
    }
    yield* checkHashtagCounts(app);
  },
};

/** Post → the hashtags under which it is found, from all servers. */
async function readTags(app: App, postIds: PostId[]): Promise<Map<PostId, string[]>> {
  const found = await Promise.all(
    app.shards.servers.map(({ database }) =>
      database.rows<{ post_id: PostId; hashtag_id: HashtagId }>(
        sql`select post_id, hashtag_id from hashtag_posts where post_id = any(${postIds})`,
      ),
    ),
  );
  const rows = found.flat();
  const names = await app.shards.directory.rows<{ hashtag_id: HashtagId; tag: string }>(sql`
    select hashtag_id, tag from hashtags where hashtag_id = any(${[...new Set(rows.map((row) => row.hashtag_id))]})`);
  const nameOf = new Map(names.map((row) => [row.hashtag_id, row.tag]));
  const tags = Map.groupBy(rows, (row) => row.post_id);
  return new Map(
    [...tags].map(([postId, each]) => [postId, each.map((row) => nameOf.get(row.hashtag_id) ?? '?')]),
  );
}

async function* checkHashtagCounts(app: App): AsyncIterable<Difference> {
  for (let after = ''; ; ) {
    const tags = await app.shards.directory.rows<{
      tag: string;
      hashtag_id: HashtagId;
      post_count: string;
    }>(sql`
      select tag, hashtag_id, post_count from hashtags where tag > ${after} order by tag limit ${BATCH}`);
    const counted = await readEach<{ hashtag_id: HashtagId; count: string }, HashtagId>(
      app.shards,
      tags.map((row) => row.hashtag_id),
      (share) => sql`
      select hashtag_id, count(*) from hashtag_posts where hashtag_id = any(${share}) group by hashtag_id`,
    );
    const countOf = new Map(counted.map((row) => [row.hashtag_id, row.count]));
    for (const { tag, hashtag_id, post_count } of tags) {
      const counts = countOf.get(hashtag_id) ?? '0';
      if (counts !== post_count)
        yield {
          key: `#${tag}`,
          is: `says ${post_count} posts, has ${counts}`,
          repair: () => updateHashtagCount(app.shards, hashtag_id),
        };
    }
    const last = tags.at(-1);
    if (!last) return;
    after = last.tag;
  }
}
