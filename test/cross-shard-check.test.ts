/** `check` over two servers: faults of the fleet itself, references that lead nowhere, copies that a move has left, a server that is down. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../core/ids.ts';
import { like } from '../server/features/likes/likes.ts';
import { sql } from '../server/infra/sql.ts';
import { checkAll } from '../server/main/admin/check.ts';
import { openCrossWorld } from './cross-shard-world.ts';
import { until } from './world.ts';

const world = await openCrossWorld();
const { app, fleet, drain, server } = world;
const [main, pg2] = [server('main').database, server('pg2').database];
const [ann, bob] = [await world.account('main'), await world.account('pg2')];
const post = await world.post(app, bob, 'at the #pier');
await like(app, ann, post);
await drain(app);

async function check(isRepairing = false) {
  const lines: string[] = [];
  const left = await checkAll(app, isRepairing, (line) => lines.push(line), undefined, 0);
  return { left, text: lines.filter((line) => !line.startsWith('✓')).join('\n') };
}

test('a sound fleet is sound', async () => {
  const { left, text } = await check();
  assert.equal(left, 0, text);
});

test('a map that says something else than the servers, other migrations, what moves have left', async () => {
  const { directory } = app.shards;
  await directory.rows(sql`update logical_shards set server = 'pg2' where logical_shard between 7 and 9`);
  await pg2.rows(sql`insert into schema_migrations (name) values ('9999_later.sql')`);
  await main.execute('create publication pinhole_move_77');
  const { left, text } = await check();
  assert.equal(left, 3, text);
  assert.match(text, /logical shards: 1 differ\n {4}shards 7-9: the directory says pg2, owned by main/);
  assert.match(text, /migrations: 1 differ\n {4}pg2: has other migrations than main/);
  assert.match(text, /remains of moves: 1 differ\n {4}publication pinhole_move_77 on main/);
  await directory.rows(sql`update logical_shards set server = 'main' where logical_shard between 7 and 9`);
  await pg2.rows(sql`delete from schema_migrations where name = '9999_later.sql'`);
  await main.execute('drop publication pinhole_move_77');
});

test('an old copy is named as such, and is not compared; that of a move under way is no fault', async () => {
  const { directory } = app.shards;
  await pg2.transaction(async (tx) => {
    await tx.rows(sql`select set_config('session_replication_role', 'replica', true)`);
    await tx.rows(
      sql`insert into accounts (account_id, handle, email, follower_count) values (${ann}, 'someone1', 'x', 9)`,
    );
    await tx.rows(sql`insert into likes (account_id, post_id, like_id) values (${ann}, 1, 1)`);
  });
  const shard = app.shards.map.findIndex(({ name }) => name === 'main');
  const { left, text } = await check();
  assert.equal(left, 2, text);
  assert.match(text, new RegExp(`pg2, table accounts: 1 rows of shards ${shard}\\. Left by a move`));
  await directory.rows(
    sql`insert into moves (ranges, source, target, state) values (${String(shard)}, 'main', 'pg2', 'copying')`,
  );
  assert.equal((await check()).left, 0);
  await directory.rows(sql`update moves set state = 'undone'`);
  await pg2.transaction(async (tx) => {
    await tx.rows(sql`select set_config('session_replication_role', 'replica', true)`);
    await tx.rows(sql`delete from likes where account_id = ${ann}`);
    await tx.rows(sql`delete from accounts where account_id = ${ann}`);
  });
});

test('what refers to something that is not there is found, and taken away', async () => {
  const nobody = String(BigInt(ann) + (1n << 30n)) as AccountId;
  await pg2.transaction(async (tx) => {
    await tx.rows(
      sql`insert into comments (comment_id, post_id, account_id, text) values (next_id(id_logical_shard(${post})), ${post}, ${nobody}, 'boo')`,
    );
    await tx.rows(sql`update posts set comment_count = comment_count + 1 where post_id = ${post}`);
    await tx.rows(
      sql`insert into activity (account_id, activity_id, kind, actor_id) values (${bob}, next_id(id_logical_shard(${bob})), 'followed', ${nobody})`,
    );
  });
  await app.shards.directory.rows(
    sql`insert into handles (handle, skeleton, account_id, is_live) values ('ghost', 'ghost', ${nobody}, true)`,
  );
  const { left, text } = await check(true);
  assert.equal(left, 0, text);
  assert.match(text, /references to other servers: 2 differ/);
  assert.match(
    text,
    /handles in the directory: 1 differ\n {4}@ghost: leads to account \d+, which is not on its server/,
  );
  await drain(app);
  assert.equal((await check()).left, 0);
});

test('a shard that moves while it is looked at is neither missed nor a false alarm', async () => {
  // As a move does it, without the copying: nobody lives in these shards.
  const give = async (from: typeof main, to: typeof main, name: string) => {
    await from.rows(sql`delete from owned_shards where logical_shard between 4000 and 4095`);
    await app.shards.directory.rows(
      sql`update logical_shards set server = ${name}, version = (select version + 1 from map_version) where logical_shard between 4000 and 4095`,
    );
    await app.shards.directory.rows(sql`select publish_map()`);
    await to.rows(sql`insert into owned_shards select generate_series(4000, 4095)`);
  };
  const checking = check();
  for (let at = 0; at < 3; at++) {
    await give(main, pg2, 'pg2');
    await give(pg2, main, 'main');
  }
  const { left, text } = await checking;
  assert.equal(left, 0, text);
});

test('jobs that fail again and again are waited for no longer than the patience lasts, and said', async () => {
  await pg2.rows(sql`delete from post_likes where post_id = ${post} returning 1`);
  await pg2.rows(sql`update posts set like_count = 0 where post_id = ${post} returning 1`);
  const payload = JSON.stringify({ accountId: ann, postId: post });
  await main.execute(
    "insert into jobs.job (name, data, state, start_after) values ('like.changed', $1, 'retry', now() + interval '1 hour')",
    [payload],
  );
  const { left, text } = await check();
  assert.equal(left, 1, text);
  assert.match(
    text,
    /^\? likes and their mirrors: 1 differ, and jobs that may mend them still wait.*\n1 differ, and jobs/,
  );
  await drain(app);
  assert.equal((await check()).left, 0);
});

test('a server that does not answer is said, and nothing is called equal', async () => {
  await fleet.servers[1]?.stop();
  await until(
    async () =>
      pg2.isDown()
        ? true
        : await pg2.rows(sql`select 1`).then(
            () => null,
            () => null,
          ),
    'it is down',
  );
  const { left, text } = await check();
  assert.equal(left, 1, text);
  assert.match(
    text,
    /^! pg2 was not checked: it does not answer\nWhat was checked is equal, but not all could be\.$/,
  );
  await fleet.servers[1]?.start();
  await until(async () => (pg2.isDown() ? null : true), 'it is up');
  assert.equal((await check()).left, 0);
});
