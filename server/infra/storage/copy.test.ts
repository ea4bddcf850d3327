import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { keysOf } from '../../../test/storage-contract.ts';
import { copyStore } from './copy.ts';
import { openFolderStorage } from './folder.ts';

async function openTwo(t: TestContext) {
  const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-copy-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const source = await openFolderStorage(path.join(folder, 'source'));
  return { source, target: await openFolderStorage(path.join(folder, 'target')) };
}

test('a file that is replaced while it is copied does not count as copied', async (t) => {
  const { source, target } = await openTwo(t);
  await source.put('a', Buffer.from('old'));
  const replaced: typeof source = {
    ...source,
    async open(key) {
      const opened = await source.open(key);
      await source.put(key, Buffer.from('new'));
      return opened;
    },
  };
  const { copying, done } = copyStore(replaced, target);
  await done;
  assert.deepEqual(copying.failures, ['a: is not the same in both after it was copied']);
  const again = copyStore(source, target);
  await again.done;
  assert.equal(again.copying.copied, 1);
  assert.equal(String(await target.read('a')), 'new');
});

test('a file that is removed while it is copied is not left in the copy', async (t) => {
  const { source, target } = await openTwo(t);
  await source.put('a', Buffer.from('x'));
  const removing: typeof source = {
    ...source,
    async open(key) {
      const opened = await source.open(key);
      await source.remove([key]);
      return opened;
    },
  };
  const { copying, done } = copyStore(removing, target);
  await done;
  assert.deepEqual([copying.gone, copying.failures], [1, []]);
  assert.deepEqual(await keysOf(target.list('')), []);
});

test('a target that takes nothing ends the copying after a hundred', async (t) => {
  const { source, target } = await openTwo(t);
  for (let at = 0; at < 150; at++) await source.put(`a/${at}`, Buffer.from('x'));
  const { copying, done } = copyStore(source, {
    ...target,
    receive: () => Promise.reject(new Error('no room')),
  });
  await done;
  assert.ok(copying.failures.length >= 100 && copying.failures.length < 110);
});
