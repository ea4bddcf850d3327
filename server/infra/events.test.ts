/** What processes tell one another: two of them, by PostgreSQL and by a real Redis. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { startPgbouncer } from '../../test/fleet.ts';
import { openFleetWorld } from '../../test/fleet-world.ts';
import { startRedis } from '../../test/redis.ts';
import { openWorld, type Person, until } from '../../test/world.ts';
import { parseRedis } from '../config.ts';
import { pgbouncerConfig } from '../main/admin/pgbouncer.ts';
import type { App } from './app.ts';

const redis = await startRedis();
const plain = await openWorld();
const listed = await openWorld({ config: { redis: parseRedis(redis.url) } });
const { world: grown, fleet } = await openFleetWorld({ servers: 1 });
const AT_ONCE_MS = 1_000;

const both = [
  { way: 'PostgreSQL', here: plain, there: await plain.another() },
  { way: 'Redis', here: listed, there: await listed.another() },
  { way: 'Watcher', here: grown, there: await grown.another() },
];
type Process = (typeof both)[number]['there'];

/** What the process heard of a channel, in order. */
function heardIn({ events }: App, channel: string): unknown[] {
  const heard: unknown[] = [];
  events.subscribe(channel, (message) => heard.push(message));
  return heard;
}

/** The way is there again when something comes through; what is published before that may be lost. */
async function untilConnected(from: App, to: App): Promise<void> {
  const heard = heardIn(to, 'probe');
  await until(async () => {
    from.events.publish('probe', {});
    return heard.length > 0 || null;
  }, 'events arrive');
}

/** The same person at another process. */
const statusAt = async (process: Process, person: { token: string }, at: string): Promise<number> =>
  (await process.call('GET', at, { token: person.token })).status;

for (const { way, here, there } of both) {
  test(`by ${way}: every process hears a message once, the one that publishes it at once`, async () => {
    for (const [from, to] of [
      [here.app, there.app],
      [there.app, here.app],
    ] as const) {
      await untilConnected(from, to);
      const own = heardIn(from, 'news');
      const others = heardIn(to, 'news');
      const elsewhere = heardIn(to, 'other');
      // Twice the same is two messages.
      const messages = [{ text: 'é 🎞 \u0000 "\n' }, { text: 'two' }, { text: 'two' }];
      for (const [at, message] of messages.entries()) {
        from.events.publish('news', message);
        assert.equal(own.length, at + 1);
      }
      await until(async () => others.length >= messages.length || null, 'all are heard', AT_ONCE_MS);
      await untilConnected(from, to);
      assert.deepEqual(others, messages);
      assert.deepEqual(own, messages);
      assert.deepEqual(elsewhere, []);
    }
  });

  test(`by ${way}: a thousand at once arrive in order`, async () => {
    await untilConnected(here.app, there.app);
    const heard = heardIn(there.app, 'burst');
    const numbers = Array.from({ length: 1_000 }, (_, number) => ({ number }));
    for (const each of numbers) here.app.events.publish('burst', each);
    await until(async () => heard.length >= numbers.length || null, 'all are heard');
    assert.deepEqual(heard, numbers);
  });

  test(`by ${way}: what is too long is refused, and a listener that throws keeps nobody from hearing`, async () => {
    assert.throws(() => here.app.events.publish('long', { text: 'x'.repeat(7_900) }), /too long/);
    await untilConnected(here.app, there.app);
    const heard = heardIn(there.app, 'long');
    here.app.events.publish('long', { text: 'x'.repeat(7_700) });
    await until(async () => heard.length || null, 'the longest is heard', AT_ONCE_MS);
    const own: unknown[] = [];
    const level = here.app.log.level;
    here.app.log.level = 'silent';
    const end = here.app.events.subscribe('thrown', () => {
      throw new Error('a listener that throws');
    });
    const endOwn = here.app.events.subscribe('thrown', (message) => own.push(message));
    here.app.events.publish('thrown', {});
    assert.equal(own.length, 1);
    end();
    endOwn();
    here.app.events.publish('thrown', {});
    assert.equal(own.length, 1);
    here.app.log.level = level;
  });

  test(`by ${way}: a session that is ended in one process is dead in the other at once`, async () => {
    await untilConnected(here.app, there.app);
    const ann = await here.account(`ann.${way.toLowerCase()}`);
    const second = await here.signsIn(ann.handle);
    for (const process of [here, there])
      for (const person of [ann, second]) assert.equal(await statusAt(process, person, '/me'), 200);
    await second.must('DELETE', '/sessions/current');
    assert.equal(await statusAt(here, second, '/me'), 401);
    await until(
      async () => (await statusAt(there, second, '/me')) === 401 || null,
      'it is dead there',
      AT_ONCE_MS,
    );
    assert.equal(await statusAt(there, ann, '/me'), 200);
    await ann.leaves();
    await until(
      async () => (await statusAt(there, ann, '/me')) === 401 || null,
      'it is dead there',
      AT_ONCE_MS,
    );
  });

  test(`by ${way}: a block that is made in one process counts in the other at once`, async () => {
    await untilConnected(here.app, there.app);
    const [bob, carol] = [
      await here.account(`bob.${way.toLowerCase()}`),
      await here.account(`carol.${way.toLowerCase()}`),
    ];
    const sees = (person: Person, other: Person) => statusAt(there, person, `/accounts/${other.id}/posts`);
    const until404 = async (person: Person, other: Person, status: number) =>
      until(async () => (await sees(person, other)) === status || null, `${status}`, AT_ONCE_MS);
    assert.equal(await sees(bob, carol), 200);
    await bob.blocks(carol);
    await until404(bob, carol, 404);
    await bob.unblocks(carol);
    await until404(bob, carol, 200);
  });
}

test('events arrive again after Redis was killed and started', async () => {
  const [here, there] = [listed, both[1]?.there as Process];
  await untilConnected(here.app, there.app);
  await redis.kill();
  const own = heardIn(here.app, 'lost');
  await until(async () => here.app.redis.events?.isDown() || null, 'it is seen to be down');
  here.app.events.publish('lost', {});
  assert.equal(own.length, 1);
  const late = await listed.another();
  await redis.start();
  await untilConnected(here.app, there.app);
  await untilConnected(there.app, here.app);
  await untilConnected(here.app, late.app);
});

test('events arrive again after the Sentinels made another Redis the master', async () => {
  const master = await startRedis();
  await startRedis([`replicaof 127.0.0.1 ${master.port}`]);
  const sentinel = await startRedis([
    `sentinel monitor main 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 2000',
  ]);
  const address = `redis-sentinel://127.0.0.1:${sentinel.port}/main`;
  const here = await openWorld({ config: { redis: parseRedis(address) } });
  const there = await here.another();
  await untilConnected(here.app, there.app);
  await until(
    async () => (await master.command<string>('INFO', 'replication')).includes('state=online') || null,
    'the replica is there',
  );
  await master.kill();
  await untilConnected(here.app, there.app);
  await untilConnected(there.app, here.app);
});

test('events arrive again after the connections to the directory were ended', async () => {
  const [here, there] = [plain, both[0]?.there as Process];
  await untilConnected(here.app, there.app);
  const client = new pg.Client(here.app.shards.directoryConnection);
  await client.connect();
  const { rows } = await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = 'pinhole events'`,
  );
  await client.end();
  assert.equal(rows.length, 2);
  await untilConnected(here.app, there.app);
  await untilConnected(there.app, here.app);
});

test('to publish is no error and takes no time while the directory does not answer', async () => {
  const { openEvents } = await import('./events.ts');
  const events = openEvents({
    redis: null,
    shards: {
      directory: plain.app.shards.directory,
      directoryConnection: { host: '127.0.0.1', port: 1, user: 'nobody', database: 'nothing' },
      listen: null,
    },
    onError: (error) => assert.fail(error),
  });
  const heard = heardIn({ events } as App, 'news');
  for (let at = 0; at < 3_000; at++) events.publish('news', {});
  assert.equal(heard.length, 3_000);
  await events.close();
});

test('a directory that is reached in another way from now on is told and asked in that way', async () => {
  const [main] = fleet.servers;
  const url = main.url(fleet.prefix);
  const pooler = await startPgbouncer((port, authFile) =>
    pgbouncerConfig({ url, name: 'main', port, authFile, socketDir: '' }),
  );
  const before = grown.app.shards.directory;
  await main.query(`${fleet.prefix}_directory`, "update servers set pooler_url = $1 where name = 'main'", [
    pooler.url(fleet.prefix),
  ]);
  await main.query(`${fleet.prefix}_directory`, 'select publish_map()');
  await until(async () => grown.app.shards.directory !== before || null, 'it is reached in another way');
  const asked = before.statementCount();
  await grown.app.epoch.end();
  await untilConnected(grown.app, both[2]?.there.app as App);
  assert.equal(before.statementCount(), asked);
});
