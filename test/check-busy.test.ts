/** `check` while members act on both servers and jobs are behind: no false alarm, and a true one is seen and mended. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { AccountId, PostId } from '../core/ids.ts';
import { shardOf } from '../core/ids.ts';
import { addToCount, selectNextId } from '../server/features/accounts/store.ts';
import { postPublished } from '../server/features/posts/schema.ts';
import { serverOf, writeAt } from '../server/infra/shards.ts';
import { sql } from '../server/infra/sql.ts';
import { checkAll } from '../server/main/admin/check.ts';
import { openFleetWorld } from './fleet-world.ts';
import type { Person, Reply } from './world.ts';

const AT_WORK = 6;
/** Shorter than members wait: a block waits for the same lock. */
const BEHIND_MS = 2_000;
const { world, accountOn } = await openFleetWorld({ servers: 2 });
const { app } = world;
const people: Person[] = [];
for (let at = 0; at < 3; at++)
  for (const name of ['main', 'pg2']) people.push(await accountOn(name, `${name}.member${at}`));
const [quiet, still] = [await accountOn('main', 'quiet'), await accountOn('pg2', 'still')];

/** As a post becomes when its last photo is ready, but without photos. */
function publish(person: Person, caption: string): Promise<PostId> {
  const accountId = person.id as AccountId;
  return writeAt(app.shards, accountId, async (tx) => {
    const postId = await selectNextId<PostId>(tx, shardOf(accountId));
    await tx.rows(
      sql`insert into posts (post_id, account_id, caption, state) values (${postId}, ${accountId}, ${caption}, 'published')`,
    );
    await addToCount(tx, accountId, 'post', 1);
    await app.queue.enqueue(tx, postPublished, [{ postId }]);
    return postId;
  });
}

const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)] as Item;
const posts: string[] = [];
for (const person of people) posts.push(await publish(person, 'at the #pier'));

/** Whatever is refused is refused; only what breaks is counted. */
async function actOnce(): Promise<Reply> {
  const [me, other, post] = [pick(people), pick(people), pick(posts)];
  const act = pick([
    () => me.act('PUT', `/accounts/${other.id}/follow`),
    () => me.act('DELETE', `/accounts/${other.id}/follow`),
    () => me.act('PUT', `/posts/${post}/like`),
    () => me.act('DELETE', `/posts/${post}/like`),
    () => me.act('POST', `/posts/${post}/comments`, { body: { text: `oh @${other.handle}` } }),
    () => me.act('PUT', `/accounts/${other.id}/block`),
    () => me.act('DELETE', `/accounts/${other.id}/block`),
    async () => {
      posts.push(await publish(me, `#pier #sea${Math.floor(Math.random() * 20)}`));
      return me.act('DELETE', `/posts/${posts.shift()}`);
    },
  ]);
  return act();
}

/** Nothing is mirrored to the second server meanwhile. */
async function holdUp(): Promise<void> {
  await serverOf(app.shards, still.id as AccountId).database.transaction(async (tx) => {
    await tx.rows(sql`lock table post_likes, followers, hashtag_posts in share row exclusive mode`);
    await delay(BEHIND_MS);
  });
}

async function check(isRepairing: boolean) {
  const lines: string[] = [];
  const left = await checkAll(app, isRepairing, (line) => lines.push(line));
  return { left, wrong: lines.filter((line) => !line.startsWith('✓')) };
}

test('no false alarm while members act and jobs are behind; a true difference is found and mended meanwhile', async () => {
  const post = await publish(still, '');
  await quiet.likes({ id: post });
  await world.settled();
  let isBusy = true;
  let acts = 0;
  const acting = Array.from({ length: AT_WORK }, async () => {
    while (isBusy) {
      const reply = await actOnce();
      assert.ok(reply.status < 500, reply.text);
      acts++;
    }
  });
  try {
    for (let round = 0; round < 2; round++) {
      const [{ left, wrong }] = await Promise.all([check(false), holdUp()]);
      assert.equal(left, 0, wrong.join('\n'));
    }
    const { database } = serverOf(app.shards, post);
    await database.rows(sql`delete from post_likes where post_id = ${post} returning 1`);
    await database.rows(sql`update posts set like_count = 7 where post_id = ${post} returning 1`);
    const { left, wrong } = await check(true);
    assert.equal(left, 0, wrong.join('\n'));
    const named = wrong.map((line) => line.split(':')[0]).filter((line) => line?.startsWith('✗'));
    assert.deepEqual(named, ['✗ likes and their mirrors', '✗ counters']);
  } finally {
    isBusy = false;
    await Promise.all(acting);
  }
  assert.ok(acts > 100, `${acts} acts`);
  await world.settled();
  assert.equal((await quiet.get(`/posts/${post}`)).likeCount, 1);
});
