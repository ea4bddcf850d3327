/** Redis and Memcached switched on in one process and off in the other, while members act through both: no old list is believed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { AccountId, PostId } from '../core/ids.ts';
import { parseRedis } from '../server/config.ts';
import { fillHome } from '../server/features/feed/feed.ts';
import { forgetHomes, spreadPost } from '../server/features/feed/spread.ts';
import type { App } from '../server/infra/app.ts';
import type { Redis } from '../server/infra/redis/redis.ts';
import { ServerDown } from '../server/infra/server-down.ts';
import { sql } from '../server/infra/sql.ts';
import { openMembers, through, type Way } from './accelerator-world.ts';
import { expectedFeed, readToEnd } from './home-feeds.ts';
import { startMemcached, startRedis } from './redis.ts';
import { openWorld, type Person, until } from './world.ts';

const [redis, memcached] = await Promise.all([startRedis(), startMemcached()]);
const on = { redis: parseRedis(redis.url), memcached: [memcached.address] };
const world = await openWorld({ config: { redis: null, memcached: [], pushLimit: 3 } });
const { app } = world;
const seed = Math.floor(Math.random() * 2 ** 31);
const members = await openMembers(world, seed);
const first = await world.another(on);

/** All know of the newest epoch, and Redis is used. */
async function epochIsKnown(apps: App[]): Promise<void> {
  const isKnown = async () => {
    const [row] = await app.shards.directory.rows<{ epoch: string; used_by: string }>(
      sql`select epoch, used_by from derived_epoch`,
    );
    return row?.used_by && apps.every(({ epoch }) => epoch.value() === Number(row.epoch)) ? true : null;
  };
  await until(isKnown, 'the epoch is known');
}

async function mustBeRight(way: Way): Promise<void> {
  await world.settled();
  await epochIsKnown([way.app]);
  await members.mustBeRight(way, redis);
}

test(`on in one process and off in the other: all feeds are right (seed ${seed})`, async () => {
  for (let round = 0; round < 3; round++) {
    await members.during([world, first], (lasts) => lasts(1_200));
    await mustBeRight(first);
  }
});

test(`Memcached on in one and off in the other: no card is out of date (seed ${seed})`, async () => {
  const cardless = await world.another({ ...on, memcached: [] });
  await members.during([first, cardless], (lasts) => lasts(1_500));
  await mustBeRight(cardless);
  await cardless.close();
});

/** In which a process believes its lists; 0 while it believes none. */
const epochOf = ({
  app: {
    redis: { feeds },
  },
}: typeof first): number => (feeds && !feeds.isDown() ? Number(feeds.generation().split('.')[0]) : 0);

test('a post that a process spreads which has not heard of the new epoch yet is in the lists of those who have', async () => {
  const [ann] = members.all as [Person];
  const author = await world.account('author');
  await ann.follows(author);
  // Three look in turn, each at moments of its own: two of them that know the next epoch at once are soon followed by others.
  const all = [first, await world.another(on)];
  await delay(350);
  all.push(await world.another(on));
  for (const each of all) await mustBeRight(each);
  const annId = ann.id as AccountId;
  const findTwo = async () => {
    await forgetHomes(app, [annId]);
    const [row] = await app.shards.directory.rows<{ epoch: string }>(sql`select epoch from derived_epoch`);
    const knows = (each: typeof first) => epochOf(each) > Number(row?.epoch);
    const ahead = await until(async () => all.find(knows) ?? null, 'one knows the next');
    const late = all.find((each) => epochOf(each) < epochOf(ahead));
    return late ? { ahead, late } : null;
  };
  const { ahead, late } = await until(findTwo, 'one is behind');
  assert.ok(await fillHome(ahead.app, ahead.app.redis.feeds as Redis, annId));
  const [post] = await world.rows<{ post_id: PostId }>(sql`
    insert into posts (post_id, account_id, state)
    select next_id(id_logical_shard(${author.id})), ${author.id}, 'published' returning post_id`);
  // As the queue does it: again, until it is done.
  await until(
    () =>
      spreadPost(late.app, author.id as AccountId, post?.post_id as PostId, null).then(
        () => true,
        (error) => (error instanceof ServerDown ? null : Promise.reject(error)),
      ),
    'it is spread',
  );
  assert.deepEqual(await readToEnd(through(ann, ahead), 60), await expectedFeed(world, ann.id));
  for (const each of all.slice(1)) await each.close();
});

test(`off in all, and on again with the old lists still there: none of them is believed (seed ${seed})`, async () => {
  await mustBeRight(first);
  const before = await redis.command<string[]>('KEYS', 'home:*');
  await first.close();
  await members.during([world], (lasts) => lasts(1_500));
  await world.settled();
  const again = await world.another(on);
  // A job that came late may have dropped one.
  const left = new Set(await redis.command<string[]>('KEYS', 'home:*'));
  const old = before.filter((key) => left.has(key));
  assert.ok(old.length > before.length / 2, `${old.length} of ${before.length} old lists are there`);
  await mustBeRight(again);
});
