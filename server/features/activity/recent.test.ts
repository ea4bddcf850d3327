/** Activity with Redis in front of the rows: the same answers, also when Redis has lost or missed something. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRedis } from '../../../test/redis.ts';
import { openWorld } from '../../../test/world.ts';
import { parseRedis } from '../../config.ts';
import { sql } from '../../infra/sql.ts';

const redis = await startRedis();
const world = await openWorld({ config: { redis: parseRedis(redis.url) } });
const [ann, bob] = await world.accounts('ann', 'bob');
const handlesOf = async () =>
  (await ann.get('/activity')).items.map(
    ({ account, kind }: { account: { handle: string }; kind: string }) => [account.handle, kind],
  );

test('what is told, taken back and seen is there at once, out of Redis', async () => {
  const post = await ann.posts('told');
  assert.deepEqual(await handlesOf(), []);
  await bob.follows(ann);
  await bob.likes(post);
  await world.settled();
  assert.deepEqual((await handlesOf()).sort(), [
    ['bob', 'followed'],
    ['bob', 'liked'],
  ]);
  assert.equal((await ann.get('/activity/unread')).count, 2);
  // Served by the list: rows that are taken away behind its back are still there.
  await world.rows(sql`delete from activity where account_id = ${ann.id} returning 1`);
  assert.equal((await handlesOf()).length, 2);
  await bob.comments(post, 'and this');
  await world.settled();
  assert.deepEqual(await handlesOf(), [['bob', 'commented']]);
  await ann.must('PUT', '/activity/seen', {
    body: { activityId: (await ann.get('/activity')).items[0].id },
  });
  assert.equal((await ann.get('/activity/unread')).count, 0);
});

test('with Redis flushed, frozen or dead the rows answer', async () => {
  const before = await handlesOf();
  await redis.command('FLUSHALL');
  assert.deepEqual(await handlesOf(), before);
  const key = `activity:${world.app.redis.feeds?.generation()}:${ann.id}`;
  for (const garbage of ['garbage', '{}', '[{"activity_id":"x"}]']) {
    await redis.command('SET', key, garbage);
    assert.deepEqual(await handlesOf(), before);
  }
  await redis.freeze();
  const startMs = performance.now();
  for (let at = 0; at < 5; at++) assert.deepEqual(await handlesOf(), before);
  assert.ok(performance.now() - startMs < 3_000);
  await redis.thaw();
  await redis.kill();
  assert.deepEqual(await handlesOf(), before);
  await redis.start();
  assert.deepEqual(await handlesOf(), before);
});

test('more than a list holds is paged to its end', async () => {
  await world.rows(sql`
    insert into activity (account_id, activity_id, kind, actor_id, post_id)
    select ${ann.id}, next_id(id_logical_shard(${ann.id})), 'mentioned', ${bob.id}, number
    from generate_series(1, 450) as number`);
  const [{ count } = { count: '0' }] = await world.rows<{ count: string }>(
    sql`select count(*) from activity where account_id = ${ann.id}`,
  );
  await redis.command('FLUSHALL');
  let rows = 0;
  for (let cursor: string | null = ''; cursor !== null; rows++) {
    const page: { nextCursor: string | null } = await ann.get(
      `/activity?limit=10${cursor && `&cursor=${cursor}`}`,
    );
    cursor = page.nextCursor;
  }
  assert.equal(rows, Math.ceil(Number(count) / 10));
});
