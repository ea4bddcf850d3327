/** An account that is deleted leaves nothing behind: not where it was, and not with those whom it met. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWorld, PASSWORD, samplePhoto } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';

const world = await openWorld();
const [ann, bob, carol] = await world.accounts('ann', 'bob', 'carol');

const handlesOf = (page: { items: { handle: string }[] }) => page.items.map(({ handle }) => handle);
const statusOf = async (at: string) => (await bob.act('GET', at)).status;

test('whoever is deleted cannot act or sign in from then on, and nobody sees him', async () => {
  const eve = await world.account('eve');
  const post = await eve.posts('a short stay');
  const wrong = await eve.act('DELETE', '/me', { body: { password: 'a wrong one' } });
  assert.equal(wrong.body.error.code, 'wrong_password');
  assert.equal((await eve.get('/me')).handle, 'eve');

  await eve.leaves();
  assert.equal((await eve.act('GET', '/me')).status, 401);
  const signIn = await world.call('POST', '/sessions', { body: { login: 'eve', password: PASSWORD } });
  assert.equal(signIn.status, 401);
  for (const at of [`/accounts/${eve.id}`, '/handles/eve', `/accounts/${eve.id}/posts`, `/posts/${post.id}`])
    assert.equal(await statusOf(at), 404, at);
  for (const { url } of post.photos.flatMap((photo) => photo.renditions))
    assert.equal((await world.call('GET', url)).status, 404, url);
});

test('all that an account did and was given is gone once its deletion is through', async () => {
  const dora = await world.account('dora', { name: 'Dora the Leaver' });
  const uploadId = await dora.uploads(samplePhoto);
  const { avatarUrl } = (await dora.must('PUT', '/me/avatar', { body: { uploadId } })).body;
  await dora.uploads(samplePhoto); // never published
  const posts = [
    await dora.posts('#leaving @bob'),
    await dora.posts('again #leaving', [samplePhoto, samplePhoto]),
  ];
  const kept = await bob.posts('stays #leaving');
  await dora.follows(bob);
  await carol.follows(dora);
  await bob.follows(dora);
  await dora.likes(kept);
  await carol.likes(kept);
  await dora.comments(kept, 'I was here, @carol');
  await carol.comments(kept, 'me too');
  await carol.likes(posts[0] as { id: string });
  await carol.comments(posts[0] as { id: string }, 'a pity');
  await ann.blocks(dora);
  await dora.must('PUT', `/posts/${kept.id}/save`);
  await carol.must('PUT', `/posts/${kept.id}/save`);
  await carol.must('PUT', `/posts/${(posts[0] as { id: string }).id}/save`);
  await world.settled();
  assert.equal((await bob.get('/me')).followerCount, 1);
  assert.equal((await carol.get('/me')).followingCount, 1);
  assert.deepEqual(handlesOf(await bob.get(`/posts/${kept.id}/likes`)), ['carol', 'dora']);
  assert.equal((await bob.get(`/posts/${kept.id}`)).commentCount, 2);
  const tag = await bob.get('/hashtags/leaving');
  assert.deepEqual([tag.postCount, tag.items.length], [3, 3]);
  assert.ok((await carol.get('/activity')).items.length > 0);

  await dora.leaves();
  await world.settled();

  const files = await world.files();
  assert.deepEqual(await world.rows(sql`select media_id from media where account_id = ${dora.id}`), []);
  const saves = await world.rows(sql`select account_id, post_id from saves`);
  assert.deepEqual(saves, [{ account_id: carol.id, post_id: kept.id }]);
  assert.ok(files.length > 0);
  assert.deepEqual(
    files.filter((file) => !kept.photos.some(({ mediaId }) => file.includes(mediaId))),
    [],
    'no file but those of the post that stays',
  );
  const addresses = [
    avatarUrl,
    ...posts.flatMap(({ photos }) => photos.flatMap(({ renditions }) => renditions.map(({ url }) => url))),
  ];
  for (const url of addresses) assert.equal((await world.call('GET', url)).status, 404, url);

  const post = await bob.get(`/posts/${kept.id}`);
  assert.deepEqual([post.likeCount, post.commentCount], [1, 1]);
  assert.deepEqual(handlesOf(await bob.get(`/posts/${kept.id}/likes`)), ['carol']);
  const comments = await bob.get(`/posts/${kept.id}/comments`);
  assert.deepEqual(
    comments.items.map(({ text }: { text: string }) => text),
    ['me too'],
  );

  assert.deepEqual(handlesOf(await bob.get(`/accounts/${bob.id}/followers`)), []);
  assert.deepEqual(handlesOf(await carol.get(`/accounts/${carol.id}/following`)), []);
  const counts = async (person: typeof bob) => {
    const { followerCount, followingCount } = await person.get('/me');
    return [followerCount, followingCount];
  };
  assert.deepEqual(
    [await counts(bob), await counts(carol)],
    [
      [0, 0],
      [0, 0],
    ],
  );

  for (const person of [ann, bob, carol]) {
    const told = (await person.get('/activity')).items.map(
      (item: { account: { handle: string } }) => item.account.handle,
    );
    assert.ok(!told.includes('dora'), `${person.handle} is told nothing of dora`);
  }
  const search = await bob.get('/search?q=dora');
  assert.deepEqual(search.accounts, []);
  const after = await bob.get('/hashtags/leaving');
  assert.deepEqual([after.postCount, after.items.length], [1, 1]);
  assert.deepEqual((await ann.get('/blocks')).items, []);
});

test('no table names an account that was deleted', async () => {
  const finn = await world.account('finn');
  const hidden = await world.account('gwen', { isPrivate: true });
  const post = await finn.posts('#fin');
  await finn.follows(bob);
  await bob.follows(finn);
  await finn.follows(hidden);
  await finn.blocks(ann);
  await world.settled();
  await finn.leaves();
  await world.settled();
  const tables = await world.rows<{ table_name: string; column_name: string }>(sql`
    select table_name, column_name from information_schema.columns
    where table_schema = 'public' and column_name in ('account_id', 'target_id', 'follower_id', 'actor_id', 'post_id')`);
  assert.ok(tables.length > 15);
  const left: string[] = [];
  for (const { table_name, column_name } of tables) {
    const [row] = await world.rows<{ count: string }>({
      name: `count-${table_name}-${column_name}`,
      text: `select count(*) from ${table_name} where ${column_name} = any($1::bigint[])`,
      isWrite: false,
      values: [[finn.id, post.id]],
    });
    if (row?.count !== '0') left.push(`${table_name}.${column_name}: ${row?.count}`);
  }
  assert.deepEqual(left, []);
  const { directory } = world.app.shards;
  assert.deepEqual(await directory.rows(sql`select handle from handles where account_id = ${finn.id}`), []);
  assert.deepEqual(await directory.rows(sql`select email from emails where account_id = ${finn.id}`), []);
});

test('the handle and the address of a deleted account can be had again, by an account of its own', async () => {
  const first = await world.account('ivo');
  await bob.follows(first);
  await first.leaves();
  await world.settled();
  const second = await world.account('ivo');
  assert.notEqual(second.id, first.id);
  const profile = await bob.get('/handles/ivo');
  assert.deepEqual([profile.id, profile.followerCount, profile.relationship.following], [second.id, 0, 'no']);
});

test('a photo that is being developed while its account is deleted leaves no file', async () => {
  const before = (await world.files()).length;
  const jon = await world.account('jon');
  const uploadIds = await Promise.all([1, 2, 3].map(() => jon.uploads(samplePhoto)));
  await jon.publishes('in a hurry', uploadIds);
  await jon.leaves();
  await world.settled();
  assert.equal((await world.files()).length, before);
});
