/** Logical shards move between servers while members write: what is copied, what is refused, what is waited for. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { endMove, moveNext, sizeMoves } from '../server/infra/moves/move.ts';
import { parseRanges } from '../server/infra/moves/plan.ts';
import type { MoveEvent, Step } from '../server/infra/moves/report.ts';
import { takeBackAbandonedSwitch } from '../server/infra/moves/take-back.ts';
import { shardTables } from '../server/infra/shard-tables.ts';
import { mustBeTidy, mustBeWhole } from './shard-move-checks.ts';
import { limits, openMoveWorld, startMembers, startProcess } from './shard-move-world.ts';

const world = await openMoveWorld(['a', 'b', 'c']);
const [a, b] = world.servers;
assert.ok(a && b);
const web = await startProcess(world, 'web');
await fillAllTables(6_000);

type Given = Parameters<typeof moveNext>[2];
function given(report: (event: MoveEvent) => void | Promise<void> = () => undefined, more = {}): Given {
  return { limits: { ...limits, ...more }, signal: new AbortController().signal, report };
}
const wish = (ranges: string, target: string) => ({ ranges: parseRanges(ranges), target });
const atStep =
  (wanted: Step, work: () => Promise<void>) =>
  async (event: MoveEvent): Promise<void> => {
    if (event.kind === 'step' && event.step === wanted) await work();
  };

/** Rows of every table, of accounts in all shards. */
async function fillAllTables(rows: number): Promise<void> {
  const id = '((500000000000 + n)::bigint << 23 | (n * 37 % 8192) << 10)';
  const statements = [
    `insert into accounts (account_id, handle, email) select ${id}, 'seed' || n, '' from n`,
    `insert into credentials select ${id}, 'x' from n where n % 3 = 0`,
    `insert into sessions select sha256(n::text::bytea), ${id}, ${id}, 'web', 'seed', now(), now(), now() from n where n % 5 = 0`,
    `insert into mail_tokens select sha256(n::text::bytea), ${id}, 'reset', 'a@b', now() from n where n % 7 = 0`,
    `insert into posts (post_id, account_id, caption) select ${id}, ${id}, repeat('ü', n % 50) from n`,
    `insert into media (media_id, account_id) select ${id}, ${id} from n`,
    `insert into post_media select ${id}, 0, ${id}, '' from n`,
    ...['follows', 'followers'].map(
      (table) =>
        `insert into ${table} select ${id}, other, other, 'accepted' from n, generate_series(1, 2) other`,
    ),
    ...['blocks', 'likes', 'saves', 'post_likes'].map(
      (table) => `insert into ${table} select ${id}, n, n from n`,
    ),
    `insert into activity select ${id}, n, 'liked', n from n`,
    `insert into comments select ${id}, ${id}, n, 'so' from n`,
    `insert into hashtag_posts select ${id}, n from n`,
    `insert into post_people (post_id, media_id, account_id, x, y) select ${id}, ${id}, n, 0, 0 from n`,
    `insert into tagged_posts (account_id, post_id) select ${id}, n from n`,
    `insert into comment_likes (comment_id, account_id, like_id) select ${id}, n, n from n`,
    `insert into drafts (draft_id, account_id, content) select ${id}, ${id}, '{}' from n`,
  ];
  for (const text of statements)
    await a?.query('pinhole_shard', `with n as (select generate_series(1, ${rows}) as n) ${text}`);
}

/** Of the tables that members here do not write to: count and checksum over all servers. */
async function sums(): Promise<string[]> {
  const own = ['accounts', 'sessions', 'posts', 'media', 'likes'];
  const all: string[] = [];
  for (const { name } of shardTables.filter((table) => !own.includes(table.name))) {
    let [rows, checksum] = [0, 0n];
    for (const server of world.servers) {
      const [sum] = await world.ask<{ rows: string; checksum: string }>(
        server,
        `select count(*) as rows, coalesce(bit_xor(hashtextextended(each::text, 0)), 0) as checksum from ${name} as each`,
      );
      rows += Number(sum?.rows);
      checksum ^= BigInt(sum?.checksum ?? 0);
    }
    all.push(`${name} ${rows} ${checksum}`);
  }
  return all;
}

test('a dry run says what would move, and changes nothing', async () => {
  const before = await sums();
  const [planned, ...more] = await sizeMoves(world.fleet, wish('0-2047', 'b'));
  assert.equal(more.length, 0);
  assert.deepEqual([planned?.source, planned?.target], ['a', 'b']);
  const sizes = new Map(planned?.sizes.map(({ name, rows, bytes }) => [name, { rows, bytes }]));
  const [here] = await a.query<{ rows: string }>(
    'pinhole_shard',
    'select count(*) as rows from posts where ((post_id >> 10) & 8191) < 2048',
  );
  assert.equal(sizes.get('posts')?.rows, Number(here?.rows));
  assert.ok((sizes.get('posts')?.bytes ?? 0) > 0);
  assert.deepEqual(await sums(), before);
  await mustBeTidy(world);
  assert.deepEqual(await world.ask(world.directory, 'select from moves'), []);
});

test('shards move there and back while members write: nothing lost, doubled, refused or left behind', async (t) => {
  const before = await sums();
  const members = await startMembers(world, web, [1, 5, 1_500, 2_047, 2_048, 8_000]);
  await delay(300);
  const events: MoveEvent[] = [];
  for (const target of ['b', 'a', 'b']) {
    const fencedBefore = members.fenced;
    const move = await moveNext(
      world.fleet,
      wish('1-2047', target),
      given((event) => void events.push(event)),
    );
    assert.equal(move?.state, 'done');
    t.diagnostic(`${members.fenced - fencedBefore} writes came to the fence`);
    await delay(100);
  }
  await members.stop();
  assert.deepEqual(await sums(), before);
  await mustBeWhole(world, members);
  const pauses = events.filter((event) => event.kind === 'pause');
  t.diagnostic(
    `pauses: ${pauses.map(({ ms, isTakenBack }) => `${ms.toFixed(1)} ms${isTakenBack ? ' (taken back)' : ''}`)}`,
  );
  assert.equal(pauses.filter(({ isTakenBack }) => !isTakenBack).length, 3);
  const [verified] = events.filter((event) => event.kind === 'verified');
  assert.deepEqual(
    verified?.tables.map(({ name }) => name),
    shardTables.map(({ name }) => name),
  );
  assert.ok(verified?.tables.every(({ rows }) => rows > 0));
  assert.equal((await world.ask(b, 'select from owned_shards')).length, 2_047);
});

test('what is at the target already stays; several sources come one after the other', async () => {
  const sources: string[] = [];
  for (let move = await moveNext(world.fleet, wish('0-5000', 'c'), given()); move; ) {
    sources.push(move.source);
    move = await moveNext(world.fleet, wish('0-5000', 'c'), given());
  }
  assert.deepEqual(sources, ['a', 'b', 'a'], 'of a there are more than one move may carry');
  assert.equal(await moveNext(world.fleet, wish('100-4000', 'c'), given()), null);
  await mustBeTidy(world);
});

test('while an old transaction is open at the source nobody is fenced, and the operator hears whose it is', async () => {
  const old = new pg.Client({ ...a.connection('pinhole_shard'), application_name: 'forgotten' });
  const dump = new pg.Client({ ...a.connection('pinhole_shard'), application_name: 'pg_dump' });
  await Promise.all([old.connect(), dump.connect()]);
  await dump.query('begin isolation level repeatable read');
  await dump.query('select count(*) from posts');
  const seen: string[] = [];
  const report = async (event: MoveEvent) => {
    if (event.kind === 'step' && event.step === 'copied') {
      await old.query('begin');
      await old.query('select 1');
      await delay(50);
    }
    if (event.kind === 'step' || event.kind === 'pause')
      seen.push(event.kind === 'step' ? event.step : 'pause');
    if (event.kind !== 'waiting' || !event.reason.includes('forgotten')) return;
    seen.push('said');
    await old.query('commit');
  };
  await moveNext(world.fleet, wish('6000-6100', 'b'), given(report));
  await Promise.all([old.end(), dump.end()]);
  assert.ok(
    seen.indexOf('verified') < seen.indexOf('said') && seen.indexOf('said') < seen.indexOf('switching'),
  );
  await mustBeTidy(world);
});

test('before the map changes the target has all that the source acknowledged, and makes no ID of the source again', async () => {
  const writer = new pg.Client(a.connection('pinhole_shard'));
  await writer.connect();
  await writer.query("select setval('id_clock', (id_wall_clock_ms() + 60000) << 10)");
  const { rows } = await writer.query<{ id: string }>('select next_id(7300) as id');
  const last = rows[0]?.id ?? '';
  let [ended, isCommitted, isDrained, arrived, next] = [Promise.resolve(), false, false, -1, ''];
  const report = async (event: MoveEvent) => {
    if (event.kind !== 'step') return;
    if (event.step === 'prepared') {
      await writer.query('begin');
      await writer.query('insert into likes values ($1, $1, $1)', [last]);
      const [sender] = await a.query<{ pid: number }>('postgres', 'select pid from pg_stat_replication');
      assert.ok(sender);
      process.kill(sender.pid, 'SIGSTOP');
      ended = delay(100)
        .then(() => writer.query('commit'))
        .then(() => {
          isCommitted = true;
          return delay(100);
        })
        .then(() => void process.kill(sender.pid, 'SIGCONT'));
    }
    if (event.step === 'drained') isDrained = isCommitted;
    if (event.step === 'mapped')
      arrived = (await world.ask(b, 'select from likes where like_id = $1', [last])).length;
    if (event.step === 'opened')
      next = (await world.ask<{ id: string }>(b, 'select next_id(7300) as id'))[0]?.id ?? '';
  };
  await moveNext(world.fleet, wish('7300-7310', 'b'), given(report));
  await ended;
  await writer.end();
  assert.ok(isDrained, 'what had begun before the fence has ended');
  assert.equal(arrived, 1);
  assert.ok(BigInt(next) > BigInt(last));
  await mustBeTidy(world);
});

test('a process that does not take up the map in time: the pause is taken back, and tried again later', async () => {
  const ghost = "insert into processes values ('00000000-0000-0000-0000-000000000000', 'ghost', 0)";
  const pauses: { ms: number; isTakenBack: boolean }[] = [];
  let isSeen = false;
  const members = await startMembers(world, web, [6_200, 6_201]);
  await moveNext(
    world.fleet,
    wish('6200-6300', 'b'),
    given(
      async (event) => {
        if (event.kind === 'pause') pauses.push(event);
        if (event.kind !== 'step' || event.step !== 'prepared' || isSeen) return;
        isSeen = true;
        await world.ask(world.directory, ghost);
      },
      { pauseMs: 500 },
    ),
  );
  await members.stop();
  assert.ok(pauses.length >= 2 && pauses[0]?.isTakenBack && pauses.at(-1)?.isTakenBack === false);
  // The ghost never had the map of the switch, so nobody waits for it to take up the one before again.
  await mustBeWhole(world, members);
});

test('while a mover lives nobody takes its switch back, and no second one begins', async () => {
  let [answer, refusal] = ['', ''];
  await moveNext(
    world.fleet,
    wish('7000-7010', 'b'),
    given(async (event) => {
      if (event.kind !== 'step') return;
      if (event.step === 'fenced') answer = await takeBackAbandonedSwitch(world.fleet);
      if (event.step === 'copied')
        refusal = await moveNext(world.fleet, wish('1', 'b'), given()).then(() => 'moved', String);
    }),
  );
  assert.equal(answer, 'nothing');
  assert.match(refusal, /Another mover is at work \(a to b\)/);
  assert.equal(await takeBackAbandonedSwitch(world.fleet), 'nothing');
  await mustBeTidy(world);
});

test('a copy that differs from its source is never switched to', async () => {
  const breaking = atStep('copied', async () => {
    await b.query(
      'pinhole_shard',
      `set session_replication_role = replica; update posts set caption = 'wrong' where post_id =
       (select post_id from posts where not is_owned(post_id) limit 1)`,
    );
  });
  await assert.rejects(
    moveNext(world.fleet, wish('7100-7200', 'b'), given(breaking, { agreeMs: 500 })),
    /1 rows of posts differ/,
  );
  const unfinished = moveNext(world.fleet, wish('1', 'b'), given());
  await assert.rejects(unfinished, /has not ended: .*--resume goes on .*--undo takes it back/);
  assert.equal((await endMove(world.fleet, 'undo', given())).state, 'undone');
  await assert.rejects(endMove(world.fleet, 'undo', given()), /There is no move/);
  await mustBeTidy(world);
});

test('stopped by the operator the move stands still; an undo leaves out a target that is gone', async () => {
  const stopping = new AbortController();
  const stop = atStep('copied', async () => stopping.abort());
  await assert.rejects(
    moveNext(world.fleet, wish('7100-7200', 'b'), { ...given(stop), signal: stopping.signal }),
    /stands still.*--resume.*--undo/,
  );
  await b.kill();
  const told: string[] = [];
  const move = await endMove(
    world.fleet,
    'undo',
    given((event) => void (event.kind === 'waiting' && told.push(event.reason)), { patienceMs: 700 }),
  );
  assert.equal(move.state, 'undone');
  assert.match(told.join(), /b does not answer, so its part of the copy is left there/);
  assert.deepEqual(await a.query('pinhole_shard', 'select from pg_replication_slots'), []);
  const refused = moveNext(world.fleet, wish('7100-7200', 'b'), given());
  await assert.rejects(refused, /b does not answer .*Nothing was done/);
  await b.start();
  assert.equal((await moveNext(world.fleet, wish('7100-7200', 'b'), given()))?.state, 'done');
  await mustBeTidy(world);
});

test('what cannot go well is refused before anything is done', async () => {
  const refuse = (expected: RegExp) =>
    assert.rejects(moveNext(world.fleet, wish('8000-8100', 'b'), given()), expected);
  await assert.rejects(
    moveNext(world.fleet, wish('1', 'nowhere'), given()),
    /There is no server nowhere\. There are: a, b, c/,
  );
  const ask = (text: string, server = a) => server.query('pinhole_shard', text);
  await ask("insert into schema_migrations values ('9999_later.sql')");
  await refuse(/different migrations/);
  await ask("delete from schema_migrations where name like '9999%'");
  await ask('delete from owned_shards where logical_shard = 8000');
  await refuse(/a does not own all of the range/);
  await ask('insert into owned_shards values (8000)');
  await ask("select pg_create_physical_replication_slot('other' || n) from generate_series(1, 8) n");
  await refuse(/replication slots free/);
  await ask('select pg_drop_replication_slot(slot_name) from pg_replication_slots');
  await ask('create role weak login; grant all on all tables in schema public to weak', b);
  const weak = world.fleet.servers.map((each) =>
    each.name === 'b' ? { ...each, connection: { ...each.connection, user: 'weak' } } : each,
  );
  const unable = moveNext({ ...world.fleet, servers: weak }, wish('8000-8100', 'b'), given());
  await assert.rejects(unable, /b cannot subscribe to the source .*pg_create_subscription/);
  await ask('drop owned by weak; drop role weak', b);
  const away = world.fleet.servers.map((each) =>
    each.name === 'a' ? { ...each, url: 'postgres://pinhole@127.0.0.1:1/pinhole_shard' } : each,
  );
  const cutOff = moveNext({ ...world.fleet, servers: away }, wish('8000-8100', 'b'), given());
  await assert.rejects(cutOff, /b cannot subscribe to the source/);
  assert.deepEqual(
    await world.ask(world.directory, "select from moves where state not in ('done', 'undone')"),
    [],
  );
  await mustBeTidy(world);
});

test('the command prints the plan, what was compared, the pause and what was removed', async () => {
  const root = path.resolve(import.meta.dirname, '..');
  const env = { ...process.env, PINHOLE_DATABASE: world.directory.url('pinhole') };
  const pinhole = (...args: string[]) =>
    promisify(execFile)(process.execPath, [path.join(root, 'server/main/cli.ts'), 'shard', 'move', ...args], {
      env,
    });
  const dry = await pinhole('8000-8100', '--to', 'b', '--dry-run');
  assert.match(dry.stdout, /From a to b: 101 logical shards \(8000-8100\), [\d,]+ rows, [\d.]+ kB\./);
  assert.match(dry.stdout, /posts .*rows.*\n[\s\S]*Nothing was changed\./);
  const { stdout } = await pinhole('8000-8100', '--to', 'b');
  assert.match(
    stdout,
    /The copy equals its source: [\d,]+ rows\.\n[\s\S]*posts +\d+ rows, checksum [0-9a-f]{16}/,
  );
  assert.match(stdout, /Switched\. Writes to the range were paused for \d+ ms\./);
  assert.match(stdout, /Removed [\d,]+ rows at a[\s\S]*Moved 8000-8100 from a to b\./);
  assert.match((await pinhole('8000-8100', '--to', 'b')).stdout, /is at b already/);
  const wrong = await pinhole('8000-8100').catch((error: { stderr: string }) => error);
  assert.match(wrong.stderr, /^Usage: /);
  await mustBeTidy(world);
});
