/** Home feeds as tests look at them: as a member reads them, as Redis has them, and as plain SQL over the shards says they must be. */
import assert from 'node:assert/strict';
import type { AccountId, PostId } from '../core/ids.ts';
import type { PostCard } from '../core/shapes.ts';
import { postSpread } from '../server/features/posts/schema.ts';
import type { App } from '../server/infra/app.ts';
import { writeAt } from '../server/infra/shards.ts';
import { sql } from '../server/infra/sql.ts';
import type { RedisServer } from './redis.ts';
import { type Person, until, type World } from './world.ts';

export type Page = { items: PostCard[]; nextCursor: string | null };

export const idsOf = ({ items }: { items: { id: string }[] }): string[] => items.map(({ id }) => id);

const PAGES_MAX = 500;

/** All ids of the feed, by pages of this size. */
export async function readToEnd(person: Pick<Person, 'get'>, limit: number): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | null = '';
  for (let pages = 0; cursor !== null; pages++) {
    assert.ok(pages < PAGES_MAX, 'the feed ends');
    const page: Page = await person.get(`/feed?limit=${limit}${cursor && `&cursor=${cursor}`}`);
    assert.ok(page.items.length <= limit);
    seen.push(...idsOf(page));
    cursor = page.nextCursor;
  }
  return seen;
}

/** What the account's feed must hold when all is settled, newest first. */
export async function expectedFeed(world: Pick<World, 'rows'>, viewerId: string): Promise<string[]> {
  const rows = await world.rows<{ post_id: string }>(sql`
    select post_id from posts join accounts as author using (account_id)
    where posts.state = 'published' and (author.account_id = ${viewerId} or (
      exists (select from follows where account_id = ${viewerId} and target_id = author.account_id and state = 'accepted')
      and not exists (select from blocks where (account_id, target_id) in ((${viewerId}, author.account_id), (author.account_id, ${viewerId})))
      and (not author.is_private or exists (
        select from followers where account_id = author.account_id and follower_id = ${viewerId} and state = 'accepted'))))
    order by post_id desc`);
  return rows.map((row) => row.post_id);
}

/** The list as Redis has it, without its state; null when there is none, or it is being filled. */
export async function listOf(app: App, redis: RedisServer, person: { id: string }): Promise<string[] | null> {
  const key = `home:${app.redis.feeds?.generation()}:${person.id}`;
  const [state, ...ids] = await redis.command<string[]>('LRANGE', key, '0', '-1');
  return state === undefined || Number(state) < 0 ? null : ids;
}

/** Reads until the list is there. */
export async function warm(app: App, redis: RedisServer, person: Person): Promise<void> {
  await until(async () => {
    await person.get('/feed');
    return app.redis.feeds?.isDown() ? null : listOf(app, redis, person);
  }, `the list of ${person.handle} is filled`);
}

/** Posts without photos, published and spread as the photo's job does it. */
export async function insertPosts(app: App, accountId: string, count: number): Promise<string[]> {
  return writeAt(app.shards, accountId as AccountId, async (tx) => {
    const rows = await tx.rows<{ post_id: PostId }>(sql`
      insert into posts (post_id, account_id, state)
      select next_id(id_logical_shard(${accountId})), ${accountId}, 'published' from generate_series(1, ${count}::integer)
      returning post_id`);
    const posts = rows.map(({ post_id: postId }) => ({ accountId, postId }));
    await app.queue.enqueue(tx, postSpread, posts);
    return posts.map(({ postId }) => postId);
  });
}
