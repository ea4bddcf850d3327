import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import pg from 'pg';
import { type AnyId, isPossibleId, newestFirst, shardOf, timeOf } from '../../core/ids.ts';
import { openWorld } from '../../test/world.ts';

const CONNECTIONS = 8;
const world = await openWorld({ hasAdmin: false });
const clients = await Promise.all(
  Array.from({ length: CONNECTIONS }, async () => {
    const client = new pg.Client(world.connection);
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }),
);
after(() => Promise.all(clients.map((client) => client.end())));
const [first] = clients as [pg.Client, ...pg.Client[]];

async function draw(client: pg.Client, count: number, logicalShard = 7): Promise<AnyId[]> {
  const { rows } = await client.query(
    'select next_id($1) as id from generate_series(1, $2::integer) as number order by number',
    [logicalShard, count],
  );
  return rows.map(({ id }) => id);
}

/** All 8 connections draw at full speed, `each` with every statement, until there are `total`. */
async function drawTogether(total: number, each: number): Promise<AnyId[][]> {
  let count = 0;
  return Promise.all(
    clients.map(async (client) => {
      const ids: AnyId[] = [];
      for (; count < total; count += each) ids.push(...(await draw(client, each)));
      return ids;
    }),
  );
}

async function setClock(expression: string): Promise<void> {
  await first.query(
    `create or replace function id_wall_clock_ms() returns bigint language sql volatile as $$ select ${expression} $$`,
  );
}
const WALL = '(extract(epoch from clock_timestamp()) * 1000)::bigint - 1262304000000';

function assertDistinct(ids: AnyId[]): void {
  assert.equal(new Set(ids).size, ids.length, 'no two are equal');
}

function assertRising(ids: AnyId[]): void {
  const wrong = ids.findIndex((id, at) => at > 0 && newestFirst(ids[at - 1] as AnyId, id) !== 1);
  assert.equal(wrong, -1, `each is newer than the one before; not the one at ${wrong}`);
}

test('an ID names its logical shard and its time, as core/ids.ts reads them', async () => {
  for (const logicalShard of [0, 1, 4_095, 8_191]) {
    const [id] = await draw(first, 1, logicalShard);
    assert.ok(id && isPossibleId(id, Date.now()));
    assert.equal(shardOf(id), logicalShard);
    assert.ok(Math.abs(timeOf(id) - Date.now()) < 1_000, `${timeOf(id)} is within a second of now`);
  }
});

test('IDs of one connection rise, and those drawn after an ID was known are newer than it', async () => {
  const ids: AnyId[] = [];
  for (let turn = 0; turn < 200; turn++) {
    const client = clients[turn % CONNECTIONS] as pg.Client;
    ids.push(...(await draw(client, 1, turn)));
  }
  assertRising(ids);
  assertDistinct(ids);
});

for (const [total, each] of [
  [30_000, 1],
  [400_000, 1_000],
] as const)
  test(`no two are equal that 8 connections draw at full speed, ${each} with every statement`, async () => {
    const drawn = await drawTogether(total, each);
    for (const ids of drawn) assertRising(ids);
    assertDistinct(drawn.flat());
  });

test('no two are equal, and all rise, while the clock steps back and forth', async () => {
  const [setter, ...others] = clients as [pg.Client, ...pg.Client[]];
  let isOver = false;
  const drawing = others.map(async (client) => {
    const ids: AnyId[] = [];
    while (!isOver) ids.push(...(await draw(client, 20)));
    return ids;
  });
  const mine: AnyId[] = [];
  try {
    for (const shiftMs of [-10, -3_000, 5, -60_000, 200, -1, 0, -86_400_000, 300, -20]) {
      await setClock(`${WALL} + (${shiftMs})`);
      for (let turn = 0; turn < 20; turn++) mine.push(...(await draw(setter, 1)));
    }
  } finally {
    isOver = true;
    await setClock(WALL);
  }
  const drawn = [mine, ...(await Promise.all(drawing))];
  for (const ids of drawn) assertRising(ids);
  assertDistinct(drawn.flat());
});

test('200,000 asked for within milliseconds all differ and rise', async () => {
  const [many, others] = await Promise.all([
    draw(first, 200_000),
    Promise.all(clients.slice(1).map((client) => draw(client, 2_000))),
  ]);
  assertRising(many);
  assertDistinct([...many, ...others.flat()]);
  assert.deepEqual(new Set(many.map(shardOf)), new Set([7]));
});
