import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RANGES_MAX } from '../moves/plan.ts';
import { isBalanced, type Placement, planBalance } from './balance.ts';

const SHARDS = 8_192;
const names = (count: number) => Array.from({ length: count }, (_, at) => `pg${at + 1}`);

/** Repeatable numbers from 0 to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What the moves make of the placement: each range must lie wholly on its source at that time. */
function follow(placement: Placement, { moves }: ReturnType<typeof planBalance>): string[] {
  const owners = placement.map(({ server }) => server);
  for (const { source, target, ranges } of moves) {
    assert.notEqual(source, target);
    assert.ok(ranges.length >= 1 && ranges.length <= RANGES_MAX, `${ranges.length} ranges`);
    for (const { from, to } of ranges)
      for (let shard = from; shard <= to; shard++) {
        assert.equal(owners[shard], source);
        owners[shard] = target;
      }
  }
  return owners;
}

function unevenness(placement: Placement, open: string[]): number {
  const totals = open.map((name) => {
    const own = placement.filter(({ server }) => server === name);
    return [own.reduce((sum, { bytes }) => sum + bytes, 0), own.reduce((sum, { load }) => sum + load, 0)];
  });
  return [0, 1].reduce((worst, at) => {
    const all = totals.reduce((sum, total) => sum + (total[at] ?? 0), 0);
    if (all === 0) return worst;
    return worst + totals.reduce((sum, total) => sum + ((total[at] ?? 0) / (all / open.length) - 1) ** 2, 0);
  }, 0);
}

/** Accounts at random on shards, in contiguous parts of any size. */
const grown = fc
  .record({
    servers: fc.integer({ min: 2, max: 6 }),
    cuts: fc.array(fc.integer({ min: 0, max: SHARDS }), { maxLength: 12 }),
    seed: fc.nat(),
    isSkewed: fc.boolean(),
  })
  .map(({ servers, cuts, seed, isSkewed }) => {
    const open = names(servers);
    const [next, edges] = [random(seed), cuts.toSorted((a, b) => a - b)];
    const owners = Array.from(
      { length: edges.length + 1 },
      () => open[Math.floor(next() * servers)] ?? 'pg1',
    );
    const placement: Placement = Array.from({ length: SHARDS }, (_, shard) => {
      const server = owners[edges.filter((edge) => edge <= shard).length] ?? 'pg1';
      const bytes = isSkewed ? 1 / (0.01 + next()) : 1 + next();
      return { server, bytes, load: bytes * (0.5 + next()) };
    });
    return { placement, open };
  });

test('a network of any growth is even after at most a move for each server but one', () => {
  fc.assert(
    fc.property(grown, ({ placement, open }) => {
      const plan = planBalance(placement, open);
      assert.ok(follow(placement, plan).join() === plan.placement.map(({ server }) => server).join());
      assert.ok(isBalanced(plan.placement, open), 'within 10 %');
      assert.ok(plan.moves.length < open.length, `${plan.moves.length} moves for ${open.length} servers`);
      assert.equal(planBalance(plan.placement, open).moves.length, 0, 'nothing is left to do');
    }),
    { numRuns: 40 },
  );
});

test('whatever the shards weigh and whoever has them: one owner each, never less even, bounded', () => {
  const weight = fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 1, noNaN: true }), fc.constant(1e6));
  const any = fc.record({
    servers: fc.integer({ min: 1, max: 5 }),
    shards: fc.array(fc.tuple(fc.nat({ max: 6 }), weight, weight), { minLength: 1, maxLength: 150 }),
  });
  fc.assert(
    fc.property(any, ({ servers, shards }) => {
      const open = names(servers);
      const placement: Placement = shards.map(([owner, bytes, load]) => ({
        server: `pg${owner + 1}`,
        bytes,
        load,
      }));
      const plan = planBalance(placement, open);
      const after = follow(placement, plan);
      for (const [shard, { server }] of placement.entries())
        if (!open.includes(server))
          assert.equal(after[shard], server, 'a server that is not open keeps its shards');
      assert.ok(after.every((server, shard) => open.includes(server) || server === placement[shard]?.server));
      assert.ok(plan.moves.length <= 2 * (open.length - 1));
      assert.ok(unevenness(plan.placement, open) <= unevenness(placement, open) + 1e-9);
      if (isBalanced(placement, open)) assert.equal(plan.moves.length, 0);
    }),
    { numRuns: 300 },
  );
});

const even = (owners: string[], weigh: (shard: number) => [number, number]): Placement =>
  Array.from({ length: SHARDS }, (_, shard) => {
    const [bytes, load] = weigh(shard);
    return { server: owners[Math.floor((shard / SHARDS) * owners.length)] ?? '', bytes, load };
  });

test('a second server gets half of an empty network, in one range', () => {
  const plan = planBalance(
    even(['main'], () => [0, 0]),
    ['main', 'pg2'],
  );
  assert.deepEqual(
    plan.moves.map(({ source, target, ranges }) => ({ source, target, ranges: ranges.length })),
    [{ source: 'main', target: 'pg2', ranges: 1 }],
  );
  assert.equal(plan.placement.filter(({ server }) => server === 'pg2').length, SHARDS / 2);
});

test('two pairs that differ take two moves, not three', () => {
  const parts = ['a', 'a', 'a', 'b', 'c', 'c', 'c', 'c', 'd', 'd'];
  const plan = planBalance(
    even(parts, () => [1, 1]),
    ['a', 'b', 'c', 'd'],
  );
  assert.equal(plan.moves.length, 2);
});

test('where one has the bytes and the other the load, two moves exchange them', () => {
  const plan = planBalance(
    even(['cold', 'hot'], (shard) => (shard < 4_096 ? [3, 1] : [1, 3])),
    ['cold', 'hot'],
  );
  assert.ok(plan.moves.length <= 2);
  assert.ok(isBalanced(plan.placement, ['cold', 'hot']));
});

test('a closed server is left out: the others are made even among themselves', () => {
  const placement = even(['a', 'closed', 'a', 'closed', 'a', 'b', 'closed'], () => [1, 1]);
  const plan = planBalance(placement, ['a', 'b']);
  assert.deepEqual(
    plan.moves.map(({ source, target }) => [source, target]),
    [['a', 'b']],
  );
  assert.ok(unevenness(plan.placement, ['a', 'b']) < 0.01);
});

test('where shards lie scattered, a move takes 64 ranges of them and no more', () => {
  const placement = Array.from({ length: 1_000 }, (_, shard) => {
    const weight = shard % 2 === 0 ? 3 : 1;
    return { server: shard % 2 === 0 ? 'a' : 'b', bytes: weight, load: weight };
  });
  const plan = planBalance(placement, ['a', 'b']);
  follow(placement, plan);
  assert.deepEqual(
    plan.moves.map(({ ranges }) => ranges.length),
    [RANGES_MAX],
  );
});

test('one server, or none open, has nothing to even out', () => {
  assert.equal(
    planBalance(
      even(['main'], () => [1, 1]),
      ['main'],
    ).moves.length,
    0,
  );
  assert.equal(
    planBalance(
      even(['main'], () => [1, 1]),
      [],
    ).moves.length,
    0,
  );
});
