/** A post goes to 25,000 followers in three parts, and the process that spreads it is killed in each of them. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import type { AccountId } from '../core/ids.ts';
import { parseRedis } from '../server/config.ts';
import { spreadContinued } from '../server/features/feed/schema.ts';
import { postSpread } from '../server/features/posts/schema.ts';
import { writeAt } from '../server/infra/shards.ts';
import { sql } from '../server/infra/sql.ts';
import type { WorkerOrder } from './accelerator-worker.ts';
import { randomOf } from './accelerator-world.ts';
import { atEnd } from './closing.ts';
import { insertPosts } from './home-feeds.ts';
import { startRedis } from './redis.ts';
import { openWorld, until } from './world.ts';

const FOLLOWERS = 25_000;
const FIRST_FOLLOWER = 1_000_000;
const PUSH_LIMIT = 100_000;
/** In the first, second and third part. */
const KILL_AFTER_BYTES = [150_000, 450_000, 680_000];
const TRIES_MAX = 6;
const REDELIVERY_MS = 60_000;

const redis = await startRedis();
const narrow = await startNarrow();
const world = await openWorld({
  hasWorker: false,
  config: { redis: parseRedis(narrow.url), pushLimit: PUSH_LIMIT },
});
const { app } = world;
const author = await world.account('author');
await world.rows(sql`
  insert into followers (account_id, follower_id, follow_id, state)
  select ${author.id}, id, id, 'accepted'
  from generate_series(${FIRST_FOLLOWER}::bigint, ${FIRST_FOLLOWER + FOLLOWERS - 1}::bigint) as id`);
await until(async () => (app.redis.feeds?.isDown() ? null : true), 'Redis is there');
const prefix = `home:${app.redis.feeds?.generation()}:`;
const inLists = (script: string, ...args: string[]) =>
  redis.command<string[]>(
    'EVAL',
    `local found = {}
     for id = ${FIRST_FOLLOWER}, ${FIRST_FOLLOWER + FOLLOWERS - 1} do local key = ARGV[1] .. string.format('%d', id); ${script} end
     return found`,
    '0',
    prefix,
    ...args,
  );
await inLists(`redis.call('RPUSH', key, '0')`);

/** The lists that do not hold exactly these. */
const wrongLists = (posts: string[]) =>
  inLists(
    `if table.concat(redis.call('LRANGE', key, 1, -1), ' ') ~= ARGV[2] and #found < 10 then found[#found + 1] = key end`,
    posts.toSorted((a, b) => Number(BigInt(a) - BigInt(b))).join(' '),
  );
const countWith = async (postId: string) =>
  Number(
    (
      await inLists(`if redis.call('LPOS', key, ARGV[2]) then found[1] = (found[1] or 0) + 1 end`, postId)
    )[0] ?? 0,
  );

async function startWorker() {
  const { connect: connectTo, prefix } = world.databases;
  const { database, ...connection } = connectTo('');
  const order: WorkerOrder = {
    connection,
    prefix,
    dataDir: world.dataDir,
    redis: narrow.url,
    pushLimit: PUSH_LIMIT,
  };
  const child = fork(path.join(import.meta.dirname, 'accelerator-worker.ts'), [JSON.stringify(order)]);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  atEnd(kill);
  await once(child, 'message');
  return kill;
}

/** In front of Redis for all, so that all have the same address; lets no more than so many bytes through for those who come next. */
async function startNarrow() {
  let left = Number.POSITIVE_INFINITY;
  let usedUp = () => {};
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const isNarrow = Number.isFinite(left);
    const upstream = connect(redis.port, '127.0.0.1');
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => undefined));
    upstream.pipe(client);
    client.on('data', (chunk) => {
      if (!isNarrow) return void upstream.write(chunk);
      if (left > 0) upstream.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) usedUp();
    });
    client.on('close', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  return {
    url: `redis://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    /** Gives what resolves when they are used up. */
    async narrowTo(bytesMax: number) {
      left = bytesMax;
      return {
        isUsedUp: new Promise<void>((resolve) => {
          usedUp = resolve;
        }),
      };
    },
    widen() {
      left = Number.POSITIVE_INFINITY;
    },
  };
}

const posts: string[] = [];
let kill: () => Promise<void>;

test('a post goes to all followers, in parts', async () => {
  kill = await startWorker();
  posts.push(...(await insertPosts(app, author.id, 1)));
  await world.settled();
  assert.deepEqual(await wrongLists(posts), []);
});

test('killed in the middle of each part: another goes on, and every list has the post once', async () => {
  await kill();
  // 15 kB for each of the 51 scripts, all of which Redis knows.
  let kills = 0;
  for (let tries = 0; kills < KILL_AFTER_BYTES.length && tries < TRIES_MAX; tries++) {
    const { isUsedUp } = await narrow.narrowTo(KILL_AFTER_BYTES[kills] ?? 0);
    const [postId = ''] = await insertPosts(app, author.id, 1);
    posts.push(postId);
    const killNarrow = await startWorker();
    await isUsedUp;
    await killNarrow();
    narrow.widen();
    // Another number when it had to go on with what was left by the one before.
    const reached = await countWith(postId);
    if (reached > 0 && reached < FOLLOWERS) kills++;
  }
  assert.equal(kills, KILL_AFTER_BYTES.length);
  // What was in work is given to others when its worker has not been heard of for a while.
  await world.rows(
    sql`update jobs.job set heartbeat_on = now() - interval '1 hour' where state = 'active' returning 1`,
  );
  kill = await startWorker();
  await world.settled(REDELIVERY_MS);
  assert.deepEqual(await wrongLists(posts), []);
});

test('jobs that come three times, and in any order, leave every post once, in its place', async () => {
  await startWorker();
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = randomOf(seed);
  posts.push(...(await insertPosts(app, author.id, 2)));
  const all = [0, 1, 2].flatMap(() => posts.slice(-2)).toSorted(() => random() - 0.5);
  await writeAt(app.shards, author.id as AccountId, async (tx) => {
    await app.queue.enqueue(
      tx,
      postSpread,
      all.map((postId) => ({ accountId: author.id, postId })),
    );
    await app.queue.enqueue(
      tx,
      spreadContinued,
      all.map((postId) => ({ accountId: author.id, postId, after: String(FIRST_FOLLOWER + 12_345) })),
    );
  });
  await world.settled();
  assert.deepEqual(await wrongLists(posts), [], `seed ${seed}`);
});

test('posts that are deleted while they are spread are in no list in the end', async () => {
  for (let n = 0; n < 4; n++) {
    const [kept = '', gone = ''] = await insertPosts(app, author.id, 2);
    posts.push(kept);
    if (n % 2 === 1) await until(async () => ((await countWith(gone)) > 0 ? true : null), 'it is on its way');
    await author.deletes({ id: gone });
  }
  await world.settled();
  assert.deepEqual(await wrongLists(posts), []);
});
