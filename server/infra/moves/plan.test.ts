import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  isInRanges,
  mergeRanges,
  parseRanges,
  planMoves,
  printRanges,
  RANGES_MAX,
  SHARDS_MAX,
  shardsIn,
} from './plan.ts';

const shard = fc.integer({ min: 0, max: 8191 });
const anyRanges = fc.array(
  fc.tuple(shard, shard).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
  { minLength: 1, maxLength: 20 },
);

test('ranges are read as they are written, in order and joined', () => {
  assert.equal(printRanges(parseRanges('4096-8191, 7,5-6,0-2,1-3')), '0-3,5-7,4096-8191');
  assert.equal(printRanges(parseRanges('8191')), '8191');
  fc.assert(
    fc.property(anyRanges, (ranges) => {
      const merged = mergeRanges(ranges);
      assert.deepEqual(parseRanges(printRanges(merged)), merged);
      const all = new Set(shardsIn(ranges));
      const one = shardsIn(merged);
      assert.ok(one.length === all.size && one.every((each) => all.has(each)));
    }),
  );
});

test('what is no range of logical shards is refused', () => {
  for (const text of ['', '8192', '0-8192', '5-3', '-1', '1--2', 'a', '0x10', '1,,2', '1 2', '00001'])
    assert.throws(() => parseRanges(text), /is no range of logical shards/, text);
});

test('a wish means one source after the other, without what is at the target already', () => {
  const map = Array.from({ length: 8192 }, (_, at) => (at < 100 ? 'b' : at < 200 ? 'c' : 'a'));
  assert.deepEqual(planMoves(map, parseRanges('50-249,300'), 'b'), [
    { source: 'c', target: 'b', ranges: [{ from: 100, to: 199 }] },
    {
      source: 'a',
      target: 'b',
      ranges: [
        { from: 200, to: 249 },
        { from: 300, to: 300 },
      ],
    },
  ]);
  assert.deepEqual(planMoves(map, parseRanges('0-99'), 'b'), []);
});

test('of more ranges than a row filter may have, several moves are made', () => {
  const map = Array.from({ length: 8192 }, (_, at) => (at % 2 === 0 ? 'a' : 'b'));
  const moves = planMoves(map, parseRanges('0-8191'), 'b');
  assert.equal(moves.length, 4096 / RANGES_MAX);
  assert.equal(moves.flatMap(({ ranges }) => shardsIn(ranges)).length, 4096);
  assert.ok(moves.every(({ ranges }) => ranges.length <= RANGES_MAX));
});

test('of more shards than a short pause may change, several moves are made', () => {
  const map = Array.from({ length: 8192 }, () => 'a');
  assert.deepEqual(planMoves(map, parseRanges('5-8191'), 'b'), [
    { source: 'a', target: 'b', ranges: [{ from: 5, to: SHARDS_MAX + 4 }] },
    { source: 'a', target: 'b', ranges: [{ from: SHARDS_MAX + 5, to: 2 * SHARDS_MAX + 4 }] },
    { source: 'a', target: 'b', ranges: [{ from: 2 * SHARDS_MAX + 5, to: 3 * SHARDS_MAX + 4 }] },
    { source: 'a', target: 'b', ranges: [{ from: 3 * SHARDS_MAX + 5, to: 8191 }] },
  ]);
});

test('the condition on an ID uses operators that publications allow', () => {
  assert.equal(
    isInRanges('post_id', parseRanges('0-3,9')),
    '(((post_id >> 10) & 8191) between 0 and 3 or ((post_id >> 10) & 8191) between 9 and 9)',
  );
});
