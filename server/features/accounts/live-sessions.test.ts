/** Sessions in a real Redis, with PostgreSQL behind it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRedis } from '../../../test/redis.ts';
import { openWorld, PASSWORD, type Person, until } from '../../../test/world.ts';
import { parseRedis, redisRoles } from '../../config.ts';
import type { App } from '../../infra/app.ts';
import type { Redis } from '../../infra/redis/redis.ts';
import type { RedisRoles } from '../../infra/redis/roles.ts';
import { sql } from '../../infra/sql.ts';
import { findCopy, forgetEndedSessions, keepCopy } from './live-sessions.ts';
import { findViewer, hashToken } from './sessions.ts';

const server = await startRedis();
const world = await openWorld({ config: { redis: parseRedis(server.url) } });
const there = await world.another();
const redis = world.app.redis.sessions as Redis;
type Process = typeof there;
const processes: Process[] = [world, there];
/** Who waited for a Redis that is silent would wait far longer; a busy machine alone takes a second. */
const QUICK_MS = 5_000;

const hashOf = ({ token }: Person) => hashToken(Buffer.from(token, 'base64url'));
const textOf = (person: Person) => hashOf(person).toString('base64url');

/** Asks Redis itself: a process may just be finding out that its connection was cut. */
async function keyOf(person: Person): Promise<string> {
  const generation = await until(
    () => server.command<string | null>('GET', 'generation'),
    'a generation stands in Redis',
  );
  return `session:${generation}:${textOf(person)}`;
}

const copyOf = async (person: Person) => server.command<string | null>('GET', await keyOf(person));

/** Asks without what the process itself remembers; every answer is quick. */
async function statusAt({ app, call }: Process, person: Person): Promise<number> {
  app.cache.delete(`session:${textOf(person)}`);
  const startMs = performance.now();
  const { status } = await call('GET', '/me', { token: person.token });
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs < QUICK_MS, `an answer after ${tookMs} ms`);
  return status;
}

/** All processes have the generation that stands in Redis, in an epoch that goes on. */
async function untilKnown(): Promise<void> {
  await until(async () => {
    const [row] = await world.app.shards.directory.rows<{ epoch: string }>(
      sql`select epoch from derived_epoch where used_by <> ''`,
    );
    const said = await server.command<string | null>('GET', 'generation');
    const known = processes.map(
      ({ app }) => !app.redis.sessions?.isDown() && app.redis.sessions?.generation(),
    );
    return (row && said?.startsWith(`${row.epoch}.`) && known.every((each) => each === said)) || null;
  }, 'the generation is known');
}

async function expectEverywhere(person: Person, status: number, of = processes): Promise<void> {
  for (const process of of) assert.equal(await statusAt(process, person), status);
}

/** Statements at the shards, for one request; the directory is asked now and then by itself. */
async function statementsOf({ app, call }: Process, person: Person): Promise<number> {
  const count = () => app.shards.servers.reduce((sum, { database }) => sum + database.statementCount(), 0);
  const before = count();
  assert.equal((await call('GET', '/me', { token: person.token })).status, 200);
  return count() - before;
}

test('a session that one process has read costs another no statement', async () => {
  const plain = await openWorld();
  const [withRedis, without] = [await world.account('ann'), await plain.account('ann')];
  await withRedis.get('/me');
  await without.get('/me');
  const saved = (await statementsOf(await plain.another(), without)) - (await statementsOf(there, withRedis));
  assert.equal(saved, 1);
  const ttlMs = Number(await server.command('PTTL', await keyOf(withRedis)));
  assert.ok(ttlMs > 0 && ttlMs <= 30_000, `${ttlMs} ms`);
  assert.ok(!(await server.command<string[]>('KEYS', '*')).some((key) => key.includes(withRedis.token)));
});

test('a session that ends is dead everywhere, whichever way it ends', async () => {
  const ways: [string, (person: Person, other: Person) => Promise<unknown>][] = [
    ['signing out', (_person, other) => other.must('DELETE', '/sessions/current')],
    [
      'another password',
      (person) =>
        person.must('PUT', '/me/password', {
          body: { currentPassword: PASSWORD, newPassword: 'another good password' },
        }),
    ],
    ['deletion', (person) => person.leaves()],
  ];
  for (const [at, [way, end]] of ways.entries()) {
    const person = await world.account(`leaver${at}`);
    const other = await world.signsIn(person.handle);
    for (const each of [person, other]) {
      await expectEverywhere(each, 200);
      assert.ok(await copyOf(each));
    }
    await end(person, other);
    assert.equal(await copyOf(other), null, way);
    await expectEverywhere(other, 401);
    if (way === 'deletion') assert.equal(await copyOf(person), null);
    else await expectEverywhere(person, 200);
  }
  await world.settled();
});

test('whoever read a session before it ended does not write it back', async () => {
  const eve = await world.account('eve');
  const viewer = await findViewer(world.app, eve.token);
  assert.ok(viewer);
  await server.command('DEL', await keyOf(eve), `${await keyOf(eve)}:lease`);
  const slow = await findCopy(redis, hashOf(eve));
  assert.ok(slow.lease && slow.viewer === null);
  assert.deepEqual(await findCopy(redis, hashOf(eve)), { viewer: null, lease: null }, 'of two, one fills');
  assert.equal(await keepCopy(redis, hashOf(eve), slow.lease, viewer), true);
  assert.deepEqual((await findCopy(redis, hashOf(eve))).viewer, viewer);

  await server.command('DEL', await keyOf(eve));
  const late = await findCopy(redis, hashOf(eve));
  await eve.must('DELETE', '/sessions/current');
  assert.equal(await keepCopy(redis, hashOf(eve), late.lease ?? '', viewer), false);
  assert.equal(await copyOf(eve), null);
  const next = await findCopy(redis, hashOf(eve));
  assert.ok(next.lease);
  assert.equal(
    await keepCopy(redis, hashOf(eve), late.lease ?? '', viewer),
    false,
    'nor with the next lease',
  );
  await expectEverywhere(eve, 401);
});

test('a session is marked as used about every hour', async () => {
  const fay = await world.account('fay');
  await fay.get('/me');
  await world.rows(
    sql`update sessions set last_used_at = now() - interval '61 minutes' where account_id = ${fay.id}`,
  );
  await server.command('FLUSHALL');
  await statusAt(there, fay);
  await until(async () => {
    const [row] = await world.rows<{ is_new: boolean }>(
      sql`select last_used_at > now() - interval '1 minute' as is_new from sessions where account_id = ${fay.id}`,
    );
    return row?.is_new || null;
  }, 'it is marked');
});

test('where a process without Redis ends a session, what others keep in Redis is void', async () => {
  const before = redis.generation();
  const none = Object.fromEntries(redisRoles.map((role) => [role, null])) as RedisRoles;
  const without: App = { ...there.app, redis: none };
  await forgetEndedSessions(without, []);
  await untilKnown();
  assert.notEqual(redis.generation(), before);
});

test('a Redis that is emptied or full, or holds what it should not, signs nobody out', async () => {
  const [bob, carol] = await world.accounts('bob', 'carol');
  const everybody = async () => {
    for (let round = 0; round < 2; round++)
      for (const person of [bob, carol]) await expectEverywhere(person, 200);
  };
  await everybody();
  await server.command('FLUSHALL');
  await everybody();
  await untilKnown();
  await server.command('SET', await keyOf(bob), 'garbage');
  await server.command('SET', await keyOf(carol), '{"role":"admin"}');
  await everybody();
  await server.command('FLUSHALL');
  await untilKnown();
  await server.command('LPUSH', await keyOf(bob), 'a list');
  await server.command('CONFIG', 'SET', 'maxmemory', '1');
  await everybody();
  await server.command('CONFIG', 'SET', 'maxmemory', '0');
});

test('a session that ends while Redis is frozen is dead, and stays so when it thaws', async () => {
  await untilKnown();
  const dora = await world.account('dora');
  await expectEverywhere(dora, 200);
  assert.ok(await copyOf(dora));
  await server.freeze();
  for (const { app } of processes)
    await until(async () => app.redis.sessions?.isDown() || null, 'it is seen to be down');
  const startMs = performance.now();
  await dora.must('DELETE', '/sessions/current');
  assert.ok(performance.now() - startMs < QUICK_MS);
  await expectEverywhere(dora, 401);
  await server.thaw();
  for (const { app } of processes) {
    await until(async () => !app.redis.sessions?.isDown() || null, 'it answers again');
    await expectEverywhere(dora, 401);
  }
  await until(async () => (await copyOf(dora)) === null || null, 'the job has taken it out');
  await expectEverywhere(dora, 401);
});

test('a Redis that is frozen or killed signs nobody out, and makes nobody wait', async () => {
  const gil = await world.account('gil');
  for (const [breaks, heals] of [
    [server.freeze, server.thaw],
    [server.kill, server.start],
  ] as const) {
    const pair = [await another(), await another()];
    await expectEverywhere(gil, 200, pair);
    assert.ok(await copyOf(gil));
    await breaks();
    for (let round = 0; round < 3; round++) await expectEverywhere(gil, 200, pair);
    await heals();
    for (let round = 0; round < 3; round++) await expectEverywhere(gil, 200, pair);
    await until(async () => !redis.isDown() || null, 'Redis answers again');
  }
  // Those who saw it silent ask PostgreSQL for a while; a process that begins does not.
  assert.equal(await copyOf(gil), null);
  await statusAt(await another(), gil);
  assert.ok(await copyOf(gil));
});

/** A process that has not seen Redis silent. */
async function another(): Promise<Process> {
  const process = await world.another();
  await until(async () => !process.app.redis.sessions?.isDown() || null, 'Redis answers');
  return process;
}
