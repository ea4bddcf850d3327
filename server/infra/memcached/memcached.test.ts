/** Leases and the ring, on real nodes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { atEnd } from '../../../test/closing.ts';
import { startMemcached } from '../../../test/redis.ts';
import { until } from '../../../test/world.ts';
import { ServerDown } from '../server-down.ts';
import { type Memcached, type Outcome, openMemcached } from './memcached.ts';
import { makeRing } from './ring.ts';

const node = await startMemcached();
const LEASE_MS = 3_000;
/** A quarter of a second for the node; the rest is the machine's. */
const ANSWER_MAX_MS = 700;

/** A process's own view of the nodes. */
function openView(nodes = [node.address]) {
  const counts: Partial<Record<Outcome, number>> = {};
  const memcached = openMemcached({
    nodes,
    count: (outcome, by) => {
      counts[outcome] = (counts[outcome] ?? 0) + by;
    },
    onTurn: () => undefined,
  });
  atEnd(async () => memcached.close());
  return { memcached, counts };
}

const give = (value: string) => async (keys: string[]) => new Map(keys.map((key) => [key, value]));
const unwanted = async (keys: string[]): Promise<Map<string, string>> => assert.fail(`${keys} were loaded`);
const readOne = async (memcached: Memcached, key: string, load: ReturnType<typeof give>) =>
  (await memcached.readThrough([key], load)).get(key);

function ownersOf(names: string[], keys: string[]): (string | undefined)[] {
  const ring = makeRing(names);
  return keys.map((key) => names[ring(key)]);
}

const shareOf = (owners: (string | undefined)[], name: string) =>
  owners.filter((owner) => owner === name).length / owners.length;

test('three nodes have a third of the keys each, and one that comes or goes moves only its share', () => {
  const names = ['10.0.0.4:11211', '10.0.0.5:11211', '10.0.0.6:11211'];
  const keys = fc.sample(fc.bigInt({ min: 1n, max: 2n ** 63n }), 12_000).map((id) => `post:1:${id}`);
  const before = ownersOf(names, keys);
  for (const name of names) {
    const share = shareOf(before, name);
    assert.ok(Math.abs(share - 1 / 3) < 0.05, `${name} has ${share}`);
  }
  const more = [...names, '10.0.0.7:11211'];
  const after = ownersOf(more, keys);
  const moved = keys.filter((_, at) => before[at] !== after[at]).length / keys.length;
  assert.ok(moved > 0.18 && moved < 0.32, `${moved} of the keys moved`);
  assert.ok(after.every((owner, at) => owner === before[at] || owner === more[3]));
  const fewer = names.slice(1);
  const left = ownersOf(fewer, keys);
  assert.ok(left.every((owner, at) => owner === before[at] || before[at] === names[0]));
  assert.deepEqual(ownersOf(names.toReversed(), keys), before);
});

test('a value is loaded once, and found by all processes until it is forgotten', async () => {
  const [{ memcached: one }, { memcached: other }] = [openView(), openView()];
  assert.equal(await readOne(one, 'plain:1', give('first')), 'first');
  assert.equal(await readOne(one, 'plain:1', unwanted), 'first');
  assert.equal(await readOne(other, 'plain:1', unwanted), 'first');
  await other.forget(['plain:1']);
  assert.equal(await readOne(one, 'plain:1', give('second')), 'second');
  assert.equal(await readOne(other, 'plain:1', unwanted), 'second');
  assert.equal(await readOne(one, 'plain:none', async () => new Map()), undefined);
  assert.equal(await readOne(one, 'plain:none', give('there now')), 'there now');
});

test('what was read before a change is not written back after it', async () => {
  const [{ memcached: slow }, { memcached: other }] = [openView(), openView()];
  for (const who of [slow, other]) {
    const old = await readOne(slow, 'changed:1', async (keys) => {
      await who.forget(keys);
      return give('old')(keys);
    });
    assert.equal(old, 'old');
    assert.equal(await readOne(other, 'changed:1', give('new')), 'new');
    assert.equal(await readOne(slow, 'changed:1', unwanted), 'new');
    await other.forget(['changed:1']);
  }
});

test('who comes after a change in this process does not get what was loaded before it', async () => {
  const { memcached } = openView();
  const { promise: isChanged, resolve: goOn } = Promise.withResolvers<void>();
  const early = readOne(memcached, 'flight:1', async (keys) => {
    await isChanged;
    return give('old')(keys);
  });
  await until(
    async () => ((await node.say('mg flight:1 k\r\n')).startsWith('HD') ? true : null),
    'the lease is out',
  );
  await memcached.forget(['flight:1']);
  // Another process has the lease now: nobody here is to take the old answer instead.
  await node.say(`mg flight:1 v c N${LEASE_MS / 1_000}\r\n`);
  const late = readOne(memcached, 'flight:1', give('new'));
  await Promise.race([late, delay(ANSWER_MAX_MS)]);
  goOn();
  assert.equal(await late, 'new');
  assert.equal(await early, 'old');
});

test('a thousand who miss at once make one load in each process', async () => {
  const views = [openView(), openView()];
  let loads = 0;
  const load = async (keys: string[]) => {
    loads++;
    // Longer than those who have no lease wait for it.
    await delay(300);
    return give('once')(keys);
  };
  const values = await Promise.all(
    views.flatMap(({ memcached }) =>
      Array.from({ length: 1_000 }, () => readOne(memcached, 'crowd:1', load)),
    ),
  );
  assert.ok(values.every((value) => value === 'once'));
  assert.ok(loads <= views.length, `${loads} loads`);
  assert.ok(
    views.some(({ counts }) => (counts.waited ?? 0) > 900),
    'they take the answer of the one who loads',
  );
});

test('the lease of one who died, or whose load failed, passes on', async () => {
  const { memcached, counts } = openView();
  await node.say(`mg dead:1 v c N${LEASE_MS / 1_000}\r\n`);
  const startMs = performance.now();
  await assert.rejects(
    readOne(memcached, 'failed:1', async () => {
      throw new Error('the load failed');
    }),
    /the load failed/,
  );
  for (const key of ['dead:1', 'failed:1']) {
    const askedMs = performance.now();
    assert.equal(await readOne(memcached, key, give('meanwhile')), 'meanwhile');
    assert.ok(performance.now() - askedMs < ANSWER_MAX_MS, 'nobody waits for the whole lease');
  }
  assert.ok((counts.bypassed ?? 0) >= 2);
  for (const key of ['dead:1', 'failed:1'])
    await until(async () => {
      await readOne(memcached, key, give('kept'));
      return /^kept/m.test(await node.say(`get ${key}\r\n`)) ? true : null;
    }, 'another has the lease');
  assert.ok(performance.now() - startMs < LEASE_MS + 3_000, 'leases end');
});

test('a node that is frozen or dead keeps nobody waiting, and says that it has not forgotten', async () => {
  const [broken, healthy] = [await startMemcached(), node];
  const { memcached } = openView([broken.address, healthy.address]);
  const keys = Array.from({ length: 40 }, (_, at) => `fault:${at}`);
  const readAll = async (value: string) => {
    const startMs = performance.now();
    const values = await memcached.readThrough(keys, give(value));
    assert.equal(values.size, keys.length);
    assert.ok(performance.now() - startMs < ANSWER_MAX_MS, `waited ${performance.now() - startMs} ms`);
    return values;
  };
  const isUp = async () => (memcached.nodes().some(({ isDown }) => isDown) ? null : true);
  await readAll('before');
  for (const [breaks, heals] of [
    [broken.freeze, broken.thaw],
    [broken.kill, broken.start],
  ] as const) {
    await breaks();
    const values = await until(
      async () => {
        const read = await readAll('during');
        return memcached.nodes()[0]?.isDown ? read : null;
      },
      'the node is known to be down',
      1_000,
    );
    assert.ok([...values.values()].includes('during'), 'the keys of the node were loaded');
    assert.ok([...values.values()].includes('before'), 'the keys of the other were not');
    assert.equal(memcached.nodes()[1]?.isDown, false);
    await assert.rejects(memcached.forget(keys), ServerDown);
    await heals();
    await until(isUp, 'the node is back', 5_000);
    await memcached.forget(keys);
    await readAll('before');
  }
});
