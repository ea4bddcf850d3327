/** What must hold once no job waits, in plain SQL of this test's own: both sides of everything agree, nothing twice, nothing dead. */
import assert from 'node:assert/strict';
import type { App } from '../server/infra/app.ts';
import type { Row } from '../server/infra/database.ts';
import { sql } from '../server/infra/sql.ts';

const SHOWN_MAX = 5;

/** Lists what is wrong; empty when all is well. */
export async function findFaults(app: App): Promise<string[]> {
  const all = async <Shape extends Row>(statement: ReturnType<typeof sql>): Promise<Shape[]> =>
    (await Promise.all(app.shards.servers.map(({ database }) => database.rows<Shape>(statement)))).flat();
  const texts = async (statement: ReturnType<typeof sql>) =>
    (await all<{ text: string }>(statement)).map(({ text }) => text);
  const [follows, followers, likes, postLikes, tagged, blocked] = await Promise.all([
    texts(
      sql`select account_id || '>' || target_id || ' ' || follow_id || ' ' || state as text from follows`,
    ),
    texts(
      sql`select follower_id || '>' || account_id || ' ' || follow_id || ' ' || state as text from followers`,
    ),
    texts(sql`select account_id || '>' || post_id || ' ' || like_id as text from likes`),
    texts(sql`select account_id || '>' || post_id || ' ' || like_id as text from post_likes`),
    all<{ post_id: string }>(sql`select distinct post_id from hashtag_posts`),
    all<{ account_id: string; target_id: string }>(sql`select account_id, target_id from blocks`),
  ]);
  const posts = new Set(await texts(sql`select post_id::text as text from posts where state = 'published'`));
  const known = new Set(await texts(sql`select account_id::text as text from accounts`));
  const comments = new Set(await texts(sql`select comment_id::text as text from comments`));
  const pairs = new Set(follows.map((each) => each.split(' ')[0]));
  const told = await all<{ account_id: string; actor_id: string; post_id: string; comment_id: string }>(
    sql`select account_id, actor_id, post_id, comment_id from activity`,
  );
  const writers = await texts(sql`select account_id || ' ' || post_id as text from comments`);
  const counters = await texts(sql`
    select account_id || ' counts wrongly' as text from accounts where state = 'active' and (follower_count, following_count, post_count) <> (
      (select count(*) from followers where followers.account_id = accounts.account_id and state = 'accepted'),
      (select count(*) from follows where follows.account_id = accounts.account_id and state = 'accepted'),
      (select count(*) from posts where posts.account_id = accounts.account_id and state = 'published'))
    union all select post_id || ' counts wrongly' from posts where state = 'published' and (like_count, comment_count) <> (
      (select count(*) from post_likes where post_likes.post_id = posts.post_id),
      (select count(*) from comments where comments.post_id = posts.post_id))`);
  const jobs = await texts(
    sql`select name || ' left or dead' as text from jobs.job where state < 'completed' and name <> 'mail.wanted'`,
  );
  const deleted = await texts(sql`
    select account_id || ' is half deleted' as text from accounts where state <> 'active'
    union all select post_id || ' is half deleted' from posts where state = 'deleted'`);
  return [
    ...differing('follow', follows, followers),
    ...differing('like', likes, postLikes),
    ...[...likes, ...postLikes]
      .filter((each) => !posts.has(/>(\d+)/.exec(each)?.[1] ?? ''))
      .map((each) => `like of nothing ${each}`),
    ...tagged
      .filter(({ post_id }) => !posts.has(post_id))
      .map(({ post_id }) => `hashtag of nothing ${post_id}`),
    ...blocked
      .flatMap((each) => [`${each.account_id}>${each.target_id}`, `${each.target_id}>${each.account_id}`])
      .filter((each) => pairs.has(each))
      .map((each) => `follow and block ${each}`),
    ...told
      .filter(
        (row) =>
          !known.has(row.account_id) ||
          !known.has(row.actor_id) ||
          (row.post_id !== '0' && !posts.has(row.post_id)) ||
          (row.comment_id !== '0' && !comments.has(row.comment_id)),
      )
      .map((row) => `told of nothing ${row.account_id} ${row.actor_id}`),
    ...writers
      .filter((each) => !each.split(' ').every((id) => known.has(id) || posts.has(id)))
      .map((each) => `comment of nothing ${each}`),
    ...counters,
    ...jobs,
    ...deleted,
    ...(await findWrongTags(app)).concat(await findWrongComments(app, known)),
  ];
}

export async function mustAgree(app: App, when: string): Promise<void> {
  const faults = await findFaults(app);
  assert.equal(faults.length, 0, `${when}: ${faults.slice(0, SHOWN_MAX).join('; ')}`);
}

function differing(what: string, left: string[], right: string[]): string[] {
  const [a, b] = [new Set(left), new Set(right)];
  return [
    ...[...a.difference(b)].map((each) => `${what} without mirror ${each}`),
    ...[...b.difference(a)].map((each) => `mirror of a ${what} without source ${each}`),
    ...(a.size < left.length || b.size < right.length ? [`${what} twice`] : []),
  ];
}

/** All about a comment is in its own server, but for those who like it. */
async function findWrongComments({ shards }: App, known: Set<string>): Promise<string[]> {
  const faults: string[] = [];
  for (const { database } of shards.servers) {
    const wrong = await database.rows<{ text: string }>(sql`
      select comment_id || ' counts wrongly' as text from comments where (like_count, reply_count) <> (
        (select count(*) from comment_likes where comment_likes.comment_id = comments.comment_id),
        (select count(*) from comments as reply where reply.parent_id = comments.comment_id))
      union all select comment_id || ' answers nothing' from comments where parent_id <> 0
        and not exists (select from comments as parent where parent.comment_id = comments.parent_id)
      union all select account_id || ' likes no comment' from comment_likes
        where not exists (select from comments where comments.comment_id = comment_likes.comment_id)`);
    const likers = await database.rows<{ account_id: string }>(
      sql`select distinct account_id from comment_likes`,
    );
    const strangers = likers.filter(({ account_id }) => !known.has(account_id));
    faults.push(
      ...wrong.map(({ text }) => text),
      ...strangers.map(({ account_id }) => `nobody ${account_id} likes a comment`),
    );
  }
  return faults;
}

async function findWrongTags(app: App): Promise<string[]> {
  const counted = new Map<string, number>();
  for (const { database } of app.shards.servers)
    for (const row of await database.rows<{ hashtag_id: string; count: string }>(
      sql`select hashtag_id, count(*) from hashtag_posts group by hashtag_id`,
    ))
      counted.set(row.hashtag_id, Number(row.count));
  const tags = await app.shards.directory.rows<{ hashtag_id: string; tag: string; post_count: string }>(
    sql`select hashtag_id, tag, post_count from hashtags`,
  );
  return tags
    .filter((row) => Number(row.post_count) !== (counted.get(row.hashtag_id) ?? 0))
    .map(({ tag }) => `#${tag} counts wrongly`);
}
