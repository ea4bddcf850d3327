/** What happens to a photo while something else happens to it: in the end its files lie where they may, and nowhere else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import type { AccountId } from '../core/ids.ts';
import type { PostCard } from '../core/shapes.ts';
import { movePhotos } from '../server/features/media/shelves.ts';
import { sql } from '../server/infra/sql.ts';
import { openWorld } from './world.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');
const { images, storage } = world.app;

/** The renditions that lie in the store, and those that the post shows. */
async function lieAndShown(post: PostCard) {
  await world.settled();
  const [photo] = ((await ann.get(`/posts/${post.id}`)) as PostCard).photos;
  const lie = (await world.files())
    .filter((file) => file.includes(`/${photo?.mediaId}/`))
    .map((file) => file.replace(/.*\/photos\//, ''));
  const shown = (photo?.renditions ?? []).map(({ url }) => url.replace('/media/', '').replace(/\?.*/, ''));
  return { lie: lie.sort(), shown: shown.sort() };
}

/** Runs `meanwhile` once, before the first call of the method goes on. */
function during<Name extends 'move' | 'putAll'>(name: Name, meanwhile: () => Promise<unknown>): () => void {
  const before = storage[name];
  let isFirst = true;
  const instead = async (...args: never[]) => {
    if (isFirst) {
      isFirst = false;
      await meanwhile();
    }
    return (before as (...args: never[]) => Promise<void>)(...args);
  };
  storage[name] = instead as (typeof storage)[Name];
  return () => {
    storage[name] = before;
  };
}

test('an account that becomes private again while its photos are moved leaves none of them public', async () => {
  await ann.edits({ isPrivate: true });
  const post = await ann.posts();
  await world.settled();
  await world.rows(sql`update accounts set is_private = false where account_id = ${ann.id} returning 1`);
  const restore = during('move', () =>
    world.rows(sql`update accounts set is_private = true where account_id = ${ann.id} returning 1`),
  );
  await movePhotos(world.app, ann.id as AccountId);
  restore();
  const { lie, shown } = await lieAndShown(post);
  assert.ok(
    lie.every((file) => file.startsWith('private/')),
    lie.join(),
  );
  assert.deepEqual(lie, shown);
  await ann.edits({ isPrivate: false });
  await world.settled();
});

test('an edit while the photo is moved leaves nothing of what it was, on either shelf', async () => {
  await ann.edits({ isPrivate: true });
  const post = await ann.posts();
  await world.settled();
  const { render } = images;
  images.render = async (job) => {
    images.render = render;
    await ann.edits({ isPrivate: false });
    await world.settled();
    return render(job);
  };
  const path = `/posts/${post.id}/photos/${post.photos[0]?.mediaId}/edits`;
  await ann.must('PUT', path, { body: { frame: { isMirrored: true } } });
  const { lie, shown } = await lieAndShown(post);
  assert.deepEqual(lie, shown);
  assert.ok(
    lie.every((file) => file.startsWith('public/')),
    lie.join(),
  );
});

test('the address on one shelf does not tell that on the other', async () => {
  const post = await ann.posts();
  const [open = ''] = (await lieAndShown(post)).shown;
  await ann.edits({ isPrivate: true });
  const [closed = ''] = (await lieAndShown(post)).shown;
  assert.notEqual(closed.split('/').at(-2), open.split('/').at(-2));
  await ann.edits({ isPrivate: false });
  await world.settled();
});

test('a store that fails when a photo is replaced leaves nothing behind, and the post appears', async () => {
  const uploadIds = [await ann.uploads(await smallPhoto(1)), await ann.uploads(await smallPhoto(2))];
  const bad = uploadIds[0] ?? '';
  await storage.put(`originals/${bad.slice(-2)}/${bad}`, Buffer.from('not a photo any more'));
  const { id } = await ann.publishes('half bad', uploadIds);
  await world.settled();
  const { remove } = storage;
  let failures = 2;
  storage.remove = async (keys) => {
    if (failures-- > 0) throw new Error('the disk does not answer');
    return remove(keys);
  };
  await ann.must('DELETE', `/posts/${id}/photos/${bad}`);
  await world.settled();
  storage.remove = remove;
  assert.equal((await bob.get(`/posts/${id}`)).state, 'published');
  assert.deepEqual(
    (await world.files()).filter((file) => file.includes(bad)),
    [],
  );
});

async function smallPhoto(red: number) {
  const background = { r: red, g: 90, b: 20 };
  return new Uint8Array(
    await sharp({ create: { width: 300, height: 200, channels: 3, background } })
      .jpeg()
      .toBuffer(),
  );
}
