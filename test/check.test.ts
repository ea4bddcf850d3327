import assert from 'node:assert/strict';
import { readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { sql } from '../server/infra/sql.ts';
import { checkAll } from '../server/main/admin/check.ts';
import type { Check } from '../server/main/admin/check-differences.ts';
import { checkChecksums, checkFiles } from '../server/main/admin/check-files.ts';
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
  const comment = await bob.comments(post, 'nice');
  await carol.likesComment(await ann.replies(comment, 'thanks'));
  await world.settled();
  assert.deepEqual(await check(false), { left: 0, wrong: [] });

  await world.rows(sql`delete from followers where follower_id = ${bob.id}`);
  await world.rows(sql`delete from follows where account_id = ${carol.id}`);
  await world.rows(sql`delete from post_likes where account_id = ${bob.id}`);
  await world.rows(
    sql`insert into post_likes (post_id, account_id, like_id) values (${post.id}, ${carol.id}, 1)`,
  );
  await world.rows(sql`update posts set comment_count = 7 where post_id = ${post.id}`);
  await world.rows(
    sql`update comments set like_count = 3, reply_count = 3 where comment_id = ${comment.id} returning 1`,
  );
  await world.rows(sql`
    insert into comments (comment_id, post_id, account_id, text, parent_id)
    values (next_id(id_logical_shard(${post.id})), ${post.id}, ${bob.id}, 'to nobody', 77)`);
  await world.rows(sql`
    insert into comment_likes (comment_id, account_id, like_id)
    values (next_id(id_logical_shard(${post.id})), ${bob.id}, 1)`);
  await world.rows(sql`delete from hashtag_posts`);
  await world.rows(
    sql`insert into saves (account_id, post_id, save_id) values (${bob.id}, ${post.id}, 2), (${bob.id}, 1, 1)`,
  );
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
    '✗ references to other servers',
    '✗ photo files',
  ]);
  assert.ok(broken.left >= 8, `${broken.left} differences`);

  assert.equal((await check(true)).left, 0);
  assert.deepEqual(await check(false), { left: 0, wrong: [] });
  assert.equal((await ann.get('/me')).followerCount, 1);
  const seen = await ann.get(`/posts/${post.id}`);
  assert.deepEqual([seen.likeCount, seen.commentCount], [1, 2]);
  const [shown] = (await ann.get(`/posts/${post.id}/comments`)).items;
  assert.deepEqual([shown.likeCount, shown.replyCount], [0, 1]);
  const saves = await world.rows<{ post_id: string }>(sql`select post_id from saves`);
  assert.deepEqual(saves, [{ post_id: post.id }]);
  assert.equal((await world.call('GET', '/search?q=%23pier')).body.hashtags[0].postCount, 1);
});

test('check compares photo rows and files in both directions, spares what is young, and reads every byte if asked', async () => {
  const post = await ann.posts('files');
  await world.settled();
  const mediaId = post.photos[0]?.mediaId ?? '';
  const files = (await world.files()).filter((file) => file.includes(mediaId));
  const fileOf = (part: string) => files.find((file) => file.includes(part)) ?? '';
  const old = path.join(path.dirname(fileOf('w640.jpg')), 'w999.jpg');
  const nobodys = path.join(path.dirname(fileOf('originals/')), '4470190868062693377');
  const young = `${nobodys.slice(0, -1)}8`;
  for (const file of [old, nobodys, young]) await writeFile(file, 'x');
  for (const file of [old, nobodys]) await utimes(file, 1, 1);
  const wrong = async (isRepairing: boolean, more: Check[] = []) => {
    const lines: string[] = [];
    await checkAll(world.app, isRepairing, (line) => lines.push(line), [checkFiles, ...more]);
    return lines.filter((line) => line.startsWith('    ')).map((line) => line.trim());
  };
  const found = await wrong(false);
  assert.equal(found.length, 2, found.join('\n'));
  assert.ok(found.some((line) => line.includes('w999.jpg') && line.includes('no more')));
  assert.ok(found.some((line) => line.includes('belongs to no photo')));
  await wrong(true);
  assert.deepEqual(await wrong(false), []);
  assert.ok((await world.files()).includes(young), 'it may belong to an upload under way');
  await rm(young);

  const bytes = new Uint8Array(await readFile(fileOf('w640.jpg')));
  bytes[500] = (bytes[500] ?? 0) ^ 1;
  await writeFile(fileOf('w640.jpg'), bytes);
  assert.deepEqual(await wrong(false), [], 'of the same size');
  const [line = ''] = await wrong(true, [checkChecksums]);
  assert.match(line, /w640\.jpg: has another checksum/);
  assert.deepEqual(await wrong(false, [checkChecksums]), []);

  await world.rows(sql`update media set shelf = 'private' where media_id = ${mediaId} returning 1`);
  assert.ok((await wrong(false)).some((each) => each.includes('on the shelf "private"')));
});
