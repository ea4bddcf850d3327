/** What must never cost rows: a target that has lost what it took over, standbys that lag, tables that the mover does not know. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endMove, moveNext } from '../server/infra/moves/move.ts';
import { parseRanges } from '../server/infra/moves/plan.ts';
import type { MoveEvent, Step } from '../server/infra/moves/report.ts';
import { startReplica } from './fleet.ts';
import { mustBeTidy } from './shard-move-checks.ts';
import { limits, openMoveWorld, startProcess } from './shard-move-world.ts';

const world = await openMoveWorld(['a', 'b']);
const [a, b] = world.servers;
assert.ok(a && b);
await startProcess(world, 'web');
const ID = '((500000000000 + n)::bigint << 23 | (n * 37 % 8192) << 10)';
await world.ask(
  a,
  `insert into accounts (account_id, handle, email) select ${ID}, 'seed' || n, '' from generate_series(1, 4000) n`,
);

function given(report: (event: MoveEvent) => void | Promise<void> = () => undefined) {
  return { limits, signal: new AbortController().signal, report };
}
const wish = (ranges: string, target: string) => ({ ranges: parseRanges(ranges), target });
const atStep =
  (wanted: Step, work: () => Promise<void>) =>
  async (event: MoveEvent): Promise<void> => {
    if (event.kind === 'step' && event.step === wanted) await work();
  };
const isIn = (first: number, last: number) => `((account_id >> 10) & 8191) between ${first} and ${last}`;

async function count(server: typeof a, where: string): Promise<number> {
  assert.ok(server);
  const [row] = await world.ask<{ rows: number }>(
    server,
    `select count(*)::integer as rows from accounts where ${where}`,
  );
  return row?.rows ?? 0;
}

async function selectState(): Promise<string | undefined> {
  const text = 'select state from moves order by move_id desc limit 1';
  return (await world.ask<{ state: string }>(world.directory, text))[0]?.state;
}

test('a table that the mover does not know: it does not switch until the table is gone or known', async () => {
  const add = async (server: typeof a) => {
    assert.ok(server);
    await world.ask(
      server,
      `create table stickers (account_id bigint primary key);
       create trigger fence before insert or update on stickers
         for each row when (not is_owned(new.account_id)) execute function refuse_write()`,
    );
  };
  const steps: string[] = [];
  const report = async (event: MoveEvent) => {
    if (event.kind !== 'step') return;
    steps.push(event.step);
    if (event.step === 'verified') await Promise.all([a, b].map(add));
  };
  const unknown = /fenced at a are not those .*\(stickers\): their rows would be lost[\s\S]*stands still/;
  await assert.rejects(moveNext(world.fleet, wish('0-100', 'b'), given(report)), unknown);
  await assert.rejects(endMove(world.fleet, 'finish', given(report)), unknown);
  assert.ok(steps.includes('verified') && !steps.includes('switching'));
  assert.equal(await selectState(), 'copying');
  await Promise.all([a, b].map((server) => world.ask(server, 'drop table stickers')));

  const later = "insert into schema_migrations values ('9999_later.sql')";
  await Promise.all([a, b].map((server) => world.ask(server, later)));
  await assert.rejects(
    endMove(world.fleet, 'finish', given()),
    /other migrations than this version of Pinhole \(9999_later\.sql\)/,
  );
  await Promise.all(
    [a, b].map((server) => world.ask(server, "delete from schema_migrations where name ~ '^9999'")),
  );

  assert.equal((await endMove(world.fleet, 'finish', given())).state, 'done');
  await mustBeTidy(world);
});

test('a stream that lacks a table is begun anew', async () => {
  const stop = atStep('copied', async () => {
    await world.ask(
      a,
      `do $$ begin execute (select format('alter publication %I drop table likes', pubname)
      from pg_publication); end $$`,
    );
    throw new Error('stopped');
  });
  await assert.rejects(moveNext(world.fleet, wish('200-210', 'b'), given(stop)), /stopped/);
  const steps: string[] = [];
  const report = (event: MoveEvent) => void (event.kind === 'step' && steps.push(event.step));
  assert.equal((await endMove(world.fleet, 'finish', given(report))).state, 'done');
  assert.ok(steps.includes('published'));
  await mustBeTidy(world);
});

test('nothing is removed once the target has lost the range, and what may have been removed from is not undone', async () => {
  const rows = await count(a, isIn(500, 600));
  assert.ok(rows > 10);
  const losing = atStep('unpublished', async () => {
    await world.ask(b, 'delete from owned_shards where logical_shard between 500 and 600');
  });
  const lost = /b does not own 500-600 any more.*Nothing more is removed at a/;
  await assert.rejects(moveNext(world.fleet, wish('500-600', 'b'), given(losing)), lost);
  await assert.rejects(endMove(world.fleet, 'finish', given()), lost);
  await assert.rejects(endMove(world.fleet, 'undo', given()), /cannot be undone/);
  assert.equal(await count(a, isIn(500, 600)), rows);
  await world.ask(b, 'insert into owned_shards select generate_series(500, 600)');
  assert.equal((await endMove(world.fleet, 'finish', given())).state, 'done');
  assert.equal(await count(b, isIn(500, 600)), rows);
  await mustBeTidy(world);
});

test('the only complete copy stays: standbys are waited for, and a target that has lost the range is noticed', async () => {
  const replica = await startReplica(b, { settings: { max_worker_processes: '16' } });
  const [receiver] = await replica.query<{ pid: number }>(
    'postgres',
    "select pid from pg_stat_activity where backend_type = 'walreceiver'",
  );
  assert.ok(receiver);
  const goOn = () => process.kill(receiver.pid, 'SIGCONT');

  const seen: string[] = [];
  let wasHeld = true;
  const report = async (event: MoveEvent) => {
    if (event.kind === 'step') seen.push(event.step);
    if (event.kind === 'step' && event.step === 'prepared') process.kill(receiver.pid, 'SIGSTOP');
    if (event.kind !== 'waiting' || !/the standby .* of b lacks/.test(event.reason)) return;
    wasHeld = wasHeld && !seen.includes('unsubscribed');
    seen.push('said');
    goOn();
  };
  assert.equal((await moveNext(world.fleet, wish('300-400', 'b'), given(report)))?.state, 'done');
  assert.ok(wasHeld && seen.includes('said'));
  await mustBeTidy(world);

  // A standby that was away when the target took over is put in the target's place.
  const rows = await count(a, isIn(1_000, 2_000));
  assert.ok(rows > 100);
  const breaking = async (event: MoveEvent) => {
    if (event.kind !== 'step') return;
    if (event.step === 'copied') await replica.stop();
    if (event.step !== 'clearing') return;
    await b.kill();
    await replica.start();
    await replica.query('postgres', 'select pg_promote()');
    throw new Error('broken off');
  };
  await assert.rejects(moveNext(world.fleet, wish('1000-2000', 'b'), given(breaking)), /broken off/);
  assert.equal(await selectState(), 'clearing');
  const servers = world.fleet.servers.map((each) =>
    each.name === 'b'
      ? { ...each, connection: replica.connection('pinhole_shard'), url: replica.url('pinhole_shard') }
      : each,
  );
  const promoted = { ...world, fleet: { ...world.fleet, servers }, servers: [a, replica] };
  await assert.rejects(
    endMove(promoted.fleet, 'finish', given()),
    /b does not own 1000-2000 any more.*Nothing more is removed at a/,
  );
  assert.equal(await count(a, isIn(1_000, 2_000)), rows);
  assert.equal((await world.ask(a, 'select from pg_replication_slots')).length, 1);

  assert.equal((await endMove(promoted.fleet, 'undo', given())).state, 'undone');
  assert.equal(await count(a, `${isIn(1_000, 2_000)} and is_owned(account_id)`), rows);
  await mustBeTidy(promoted);
});
