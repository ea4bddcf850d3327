import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type AnyId,
  ID_EPOCH_MS,
  isPossibleId,
  LOGICAL_SHARDS,
  newestFirst,
  shardOf,
  timeOf,
} from './ids.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

const idOf = (ms: number, shard: number, sequence: number) =>
  String((BigInt(ms - ID_EPOCH_MS) << 23n) | (BigInt(shard) << 10n) | BigInt(sequence)) as AnyId;
const times = fc.integer({ min: ID_EPOCH_MS + 1, max: NOW_MS + 3 * DAY_MS });
const shards = fc.integer({ min: 0, max: LOGICAL_SHARDS - 1 });
const sequences = fc.integer({ min: 0, max: 1_023 });
const ids = fc.tuple(times, shards, sequences).map(([ms, shard, sequence]) => idOf(ms, shard, sequence));

test('an ID gives back the time and the shard that it was made of', () => {
  fc.assert(
    fc.property(times, shards, sequences, (ms, shard, sequence) => {
      const id = idOf(ms, shard, sequence);
      assert.equal(timeOf(id), ms);
      assert.equal(shardOf(id), shard);
      assert.ok(isPossibleId(id, NOW_MS));
    }),
  );
});

test('every text that is possible is a canonical positive decimal of 63 bits, from after the epoch and before now', () => {
  const texts = fc.oneof(
    fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
    fc.string({ maxLength: 25, unit: fc.constantFrom(...'0123456789-+e. x１') }),
    ids,
  );
  fc.assert(
    fc.property(texts, (text) => {
      if (!isPossibleId(text, NOW_MS)) return;
      assert.equal(String(BigInt(text)), text);
      assert.ok(BigInt(text) > 0n && BigInt(text) < 2n ** 63n);
      assert.ok(timeOf(text as AnyId) > ID_EPOCH_MS && timeOf(text as AnyId) <= NOW_MS + 3 * DAY_MS);
    }),
  );
});

test('an ID with anything before, behind or inside it is impossible', () => {
  fc.assert(
    fc.property(ids, fc.nat(19), fc.constantFrom(...' +-.,e_x０\u0000\n\t'), (id, at, mark) => {
      assert.ok(!isPossibleId(id.slice(0, at) + mark + id.slice(at), NOW_MS), JSON.stringify(mark));
    }),
  );
});

test('what cannot be an ID is impossible', () => {
  for (const text of [
    ...[
      '',
      '0',
      '-1',
      '1',
      '01',
      '1.0',
      '1e18',
      '0x1',
      '１',
      '1n',
      'null',
      'NaN',
      String(2n ** 63n - 1n),
      String(2n ** 63n),
    ],
    ...['9'.repeat(400), ` ${idOf(NOW_MS, 1, 1)}`, `${idOf(NOW_MS, 1, 1)}\n`, `0${idOf(NOW_MS, 1, 1)}`],
    ...[
      idOf(ID_EPOCH_MS, 8_191, 1_023),
      idOf(NOW_MS + 3 * DAY_MS + 1, 0, 0),
      idOf(Date.UTC(2079, 0, 1), 0, 0),
    ],
  ])
    assert.ok(!isPossibleId(text, NOW_MS), text);
  assert.ok(!isPossibleId(String(2n ** 63n), Date.UTC(3000, 0, 1)), 'not in a thousand years');
});

test('sorted newest first, IDs are in the order of their numbers', () => {
  const anyIds = fc.array(
    fc.oneof(
      ids,
      fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map((id) => String(id) as AnyId),
    ),
  );
  fc.assert(
    fc.property(anyIds, (list) => {
      const byNumber = list.toSorted((a, b) => (BigInt(a) < BigInt(b) ? 1 : BigInt(a) > BigInt(b) ? -1 : 0));
      assert.deepEqual(list.toSorted(newestFirst), byNumber);
    }),
  );
});
