import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../../../core/ids.ts';
import { startRedis } from '../../../test/redis.ts';
import { openWorld, until } from '../../../test/world.ts';
import { parseRedis } from '../../config.ts';
import { ServerDown } from '../../infra/server-down.ts';
import { sql } from '../../infra/sql.ts';
import { listHome } from './feed.ts';
import { rebuildHomes } from './rebuild.ts';

const MEMBERS = 600;
const FOLLOWED = 20;
const NEWEST = '9223372036854775807';
const redis = await startRedis();
const world = await openWorld({ config: { redis: parseRedis(redis.url) } });
const { app } = world;
const feeds = app.redis.feeds;
assert.ok(feeds);

/** Members with a session each, who follow one another and have posted; every tenth was not here for long. */
async function insertMembers(): Promise<AccountId[]> {
  const rows = await world.rows<{ account_id: AccountId }>(sql`
    insert into accounts (account_id, handle, email)
    select next_id(number % 8192), 'member' || number, '' from generate_series(1, ${MEMBERS}) as number returning account_id`);
  const ids = rows.map((row) => row.account_id);
  await world.rows(sql`
    insert into sessions (token_hash, session_id, account_id, kind, last_used_at, expires_at)
    select decode(lpad(to_hex(account_id), 64, '0'), 'hex'), next_id(id_logical_shard(account_id)), account_id, 'web',
      now() - case when place % 10 = 0 then interval '40 days' else interval '1 day' end, now() + interval '90 days'
    from unnest(${ids}::bigint[]) with ordinality as member (account_id, place)`);
  await world.rows(sql`
    with members as materialized (
      select account_id, place from unnest(${ids}::bigint[]) with ordinality as member (account_id, place)),
    made as (
      insert into posts (post_id, account_id, state)
      select next_id(id_logical_shard(account_id)), account_id, 'published' from members returning 1)
    insert into follows (account_id, target_id, follow_id, state)
    select follower.account_id, followed.account_id, next_id(id_logical_shard(follower.account_id)), 'accepted'
    from members as follower, generate_series(1, ${FOLLOWED}) as step
      join members as followed on true
    where followed.place = (follower.place + step - 1) % ${MEMBERS} + 1`);
  return ids;
}

const here = (await insertMembers()).filter((_, at) => (at + 1) % 10 !== 0);
const listed = async () => (await redis.command<string[]>('KEYS', 'home:*')).length;

test('the lists of all who were here lately are made, and equal what the shards say; of the others none', async () => {
  const told: number[] = [];
  const progress = await rebuildHomes(app, feeds, {
    isFromStart: false,
    onProgress: ({ done }) => void told.push(done),
  });
  assert.equal(progress.done, here.length + 1); // The keeper is here too.
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
  assert.equal(await listed(), here.length + 1);
  for (const accountId of here.slice(0, 40)) {
    const page = await listHome(app, accountId, NEWEST, 60);
    assert.equal(page.way, 'listed');
    const rows = await world.rows<{ post_id: string }>(sql`
      select post_id from posts where account_id = ${accountId} or account_id in (
        select target_id from follows where account_id = ${accountId}) order by post_id desc`);
    assert.deepEqual(
      page.way === 'listed' && page.postIds,
      rows.map((row) => row.post_id),
    );
  }
});

test('broken off it goes on where it was, and again it makes the same', async () => {
  await redis.command('FLUSHALL');
  let stops = 0;
  const part = rebuildHomes(app, feeds, {
    isFromStart: false,
    onProgress: ({ done }) => {
      if (done >= 200 && stops++ === 0) throw new ServerDown('redis', 'broken off by the test');
    },
  });
  await assert.rejects(part, ServerDown);
  await until(async () => ((await listed()) >= 200 ? true : null), 'what was under way is done');
  const before = await listed();
  assert.ok(before < here.length);
  await rebuildHomes(app, feeds, { isFromStart: false, onProgress: () => undefined });
  assert.equal(await listed(), here.length + 1);
});
