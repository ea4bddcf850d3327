import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { sql } from '../server/infra/sql.ts';
import { checkAll } from '../server/main/admin/check.ts';
import { openWorld } from './world.ts';

const world = await openWorld();
const [ann, bob, carol] = await world.accounts('ann', 'bob', 'carol');

async function check(isRepairing: boolean) {
  const lines: string[] = [];
  const left = await checkAll(world.app, isRepairing, (line) => lines.push(line));
  return { left, wrong: lines.filter((line) => line.startsWith('✗')).map((line) => line.split(':')[0]) };
}

test('check finds nothing in a sound network, each kind of damage in a broken one, and repair mends it', async () => {
  const post = await ann.posts('a pier #pier');
  await bob.follows(ann);
  await carol.follows(ann);
  await bob.likes(post);
  await bob.comments(post, 'nice');
  await world.settled();
  assert.deepEqual(await check(false), { left: 0, wrong: [] });

  await world.rows(sql`delete from followers where follower_id = ${bob.id}`);
  await world.rows(sql`delete from follows where account_id = ${carol.id}`);
  await world.rows(sql`delete from post_likes where account_id = ${bob.id}`);
  await world.rows(
    sql`insert into post_likes (post_id, account_id, like_id) values (${post.id}, ${carol.id}, 1)`,
  );
  await world.rows(sql`update posts set comment_count = 7 where post_id = ${post.id}`);
  await world.rows(sql`delete from hashtag_posts`);
  await world.app.shards.directory.rows(sql`update handles set is_live = false where account_id = ${ann.id}`);
  const rendition = (await world.files()).find((file) => file.endsWith('w320.jpg'));
  await rm(rendition ?? '');

  const broken = await check(false);
  assert.deepEqual(broken.wrong, [
    '✗ follows and their mirrors',
    '✗ likes and their mirrors',
    '✗ counters',
    '✗ handles in the directory',
    '✗ hashtag pages',
    '✗ photo files',
  ]);
  assert.ok(broken.left >= 8, `${broken.left} differences`);

  assert.equal((await check(true)).left, 0);
  assert.deepEqual(await check(false), { left: 0, wrong: [] });
  assert.equal((await ann.get('/me')).followerCount, 1);
  const seen = await ann.get(`/posts/${post.id}`);
  assert.deepEqual([seen.likeCount, seen.commentCount], [1, 1]);
  assert.equal((await world.call('GET', '/search?q=%23pier')).body.hashtags[0].postCount, 1);
});
