/** Counters of accounts and posts against the rows that they count; both are always on one server. */
import type { App } from '../../infra/app.ts';
import type { Database, Row } from '../../infra/database.ts';
import { type Statement, sql } from '../../infra/sql.ts';
import type { Check, Difference } from './check.ts';

const BATCH = 1_000;
type Wrong = { id: string; stands: string; counted: string };

export const checkCounters: Check = {
  name: 'counters',
  async *find(app: App): AsyncIterable<Difference> {
    for (const { database } of app.shards.servers) {
      yield* wrongCounters(database, nextAccount, wrongAccounts, mendAccount);
      yield* wrongCounters(database, nextPost, wrongPosts, mendPost);
    }
  },
};

async function* wrongCounters(
  database: Database,
  next: (after: string) => Statement,
  wrong: (after: string, upTo: string) => Statement,
  mend: (id: string) => Statement,
): AsyncIterable<Difference> {
  for (let after = '0'; ; ) {
    const [end] = await database.rows<{ up_to: string | null }>(next(after));
    if (!end?.up_to) return;
    const rows = await database.rows<Wrong & Row>(wrong(after, end.up_to));
    for (const { id, stands, counted } of rows)
      yield {
        key: id,
        is: `counters say ${stands}, rows say ${counted}`,
        repair: async () => void (await database.rows(mend(id))),
      };
    after = end.up_to;
  }
}

function nextAccount(after: string): Statement {
  return sql`select max(account_id) as up_to from (select account_id from accounts where account_id > ${after} order by account_id limit ${BATCH}) as batch`;
}

function wrongAccounts(after: string, upTo: string): Statement {
  return sql`
    select account_id as id, stands::text, counted::text from (
      select account_id, array[follower_count, following_count, post_count] as stands, array[
        (select count(*) from followers where followers.account_id = accounts.account_id and state = 'accepted'),
        (select count(*) from follows where follows.account_id = accounts.account_id and state = 'accepted'),
        (select count(*) from posts where posts.account_id = accounts.account_id and state = 'published')] as counted
      from accounts where account_id > ${after} and account_id <= ${upTo} and state = 'active') as compared
    where stands <> counted`;
}

function mendAccount(accountId: string): Statement {
  return sql`
    update accounts set
      follower_count = (select count(*) from followers where followers.account_id = accounts.account_id and state = 'accepted'),
      following_count = (select count(*) from follows where follows.account_id = accounts.account_id and state = 'accepted'),
      post_count = (select count(*) from posts where posts.account_id = accounts.account_id and state = 'published')
    where account_id = ${accountId}`;
}

function nextPost(after: string): Statement {
  return sql`select max(post_id) as up_to from (select post_id from posts where post_id > ${after} order by post_id limit ${BATCH}) as batch`;
}

function wrongPosts(after: string, upTo: string): Statement {
  return sql`
    select post_id as id, stands::text, counted::text from (
      select post_id, array[like_count, comment_count] as stands, array[
        (select count(*) from post_likes where post_likes.post_id = posts.post_id),
        (select count(*) from comments where comments.post_id = posts.post_id)] as counted
      from posts where post_id > ${after} and post_id <= ${upTo} and state = 'published') as compared
    where stands <> counted`;
}

function mendPost(postId: string): Statement {
  return sql`
    update posts set
      like_count = (select count(*) from post_likes where post_likes.post_id = posts.post_id),
      comment_count = (select count(*) from comments where comments.post_id = posts.post_id)
    where post_id = ${postId}`;
}
