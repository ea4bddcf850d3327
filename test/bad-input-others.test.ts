import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertRefused, changesNothing, refusalOf } from './bad-input.ts';
import { openWorld } from './world.ts';

const world = await openWorld();
const [ann, bob, carol] = await world.accounts('ann', 'bob', 'carol');
const dora = await world.account('dora', { isPrivate: true });
const post = await ann.posts('a pier');
const hidden = await dora.posts('for friends');
const secret = await dora.comments(hidden, 'among friends');
const said = await bob.comments(post, 'nice');
await world.settled();
const ABSENT = '4467570830351532032';

test('nobody can follow or block himself', async () => {
  await changesNothing(world, async () => {
    assertRefused(await ann.act('PUT', `/accounts/${ann.id}/follow`), 400, 'follow_self');
    assertRefused(await ann.act('PUT', `/accounts/${ann.id}/block`), 400, 'block_self');
    assertRefused(await ann.act('PUT', `/follow-requests/${ann.id}`), 404, 'not_found');
  });
});

test('nobody can delete the post or the comment of another', async () => {
  await changesNothing(world, async () => {
    assertRefused(await bob.act('DELETE', `/posts/${post.id}`), 404, 'not_found');
    assertRefused(await bob.act('DELETE', `/posts/${hidden.id}`), 404, 'not_found');
    assertRefused(await carol.act('DELETE', `/comments/${said.id}`), 403, 'not_yours');
    assertRefused(await carol.act('DELETE', `/comments/${secret.id}`), 404, 'not_found');
    assertRefused(await world.call('DELETE', `/posts/${post.id}`), 401, 'unauthenticated');
    assertRefused(await world.call('DELETE', `/comments/${said.id}`), 401, 'unauthenticated');
  });
});

test('a request to follow is accepted by whom it was sent to alone, and only while it stands', async () => {
  await bob.follows(dora);
  await world.settled();
  await changesNothing(world, async () => {
    for (const person of [ann, bob, carol]) {
      assertRefused(await person.act('PUT', `/follow-requests/${bob.id}`), 404, 'not_found');
      assertRefused(await person.act('PUT', `/follow-requests/${dora.id}`), 404, 'not_found');
    }
    assertRefused(await dora.act('PUT', `/follow-requests/${carol.id}`), 404, 'not_found');
    assertRefused(await bob.act('GET', `/posts/${hidden.id}`), 404, 'not_found');
  });
  await bob.unfollows(dora);
  await world.settled();
  await changesNothing(world, async () => {
    assertRefused(await dora.act('PUT', `/follow-requests/${bob.id}`), 404, 'not_found');
  });
});

test('what one cannot see cannot be liked, unliked, read or commented on, and looks as if it did not exist', async () => {
  const blocked = await world.account('blocked');
  await ann.blocks(blocked);
  await world.settled();
  await changesNothing(world, async () => {
    for (const [method, path, body] of [
      ['GET', '/posts/ID', undefined],
      ['PUT', '/posts/ID/like', undefined],
      ['DELETE', '/posts/ID/like', undefined],
      ['GET', '/posts/ID/likes', undefined],
      ['GET', '/posts/ID/comments', undefined],
      ['POST', '/posts/ID/comments', { text: 'hello' }],
      ['DELETE', '/posts/ID', undefined],
    ] as const) {
      const more = body ? { body } : {};
      const absent = await bob.act(method, path.replace('ID', ABSENT), more);
      assertRefused(absent, 404, 'not_found', `${method} ${path}`);
      for (const [person, postId] of [
        [bob, hidden.id],
        [blocked, post.id],
      ] as const) {
        const reply = await person.act(method, path.replace('ID', postId), more);
        assert.deepEqual(refusalOf(reply), refusalOf(absent), `${person.handle}: ${method} ${path}`);
      }
    }
    for (const list of ['posts', 'followers', 'following']) {
      const absent = await bob.act('GET', `/accounts/${ABSENT}/${list}`);
      assertRefused(absent, 404, 'not_found', list);
      assert.deepEqual(
        refusalOf(await bob.act('GET', `/accounts/${dora.id}/${list}`)),
        refusalOf(absent),
        list,
      );
      assert.deepEqual(
        refusalOf(await blocked.act('GET', `/accounts/${ann.id}/${list}`)),
        refusalOf(absent),
        list,
      );
    }
    for (const at of [`/accounts/${ann.id}`, '/handles/ann', '/handles/nobody'])
      assertRefused(await blocked.act('GET', at), 404, 'not_found', at);
    assertRefused(await blocked.act('PUT', `/accounts/${ann.id}/follow`), 404, 'not_found');
  });
});

test('the same Idempotency-Key makes one comment, however often it is sent', async () => {
  const headers = { 'idempotency-key': 'comment-1' };
  const send = () => bob.act('POST', `/posts/${post.id}/comments`, { body: { text: 'once' }, headers });
  const first = await send();
  const again = await Promise.all(Array.from({ length: 10 }, send));
  for (const reply of again) assert.deepEqual([reply.status, reply.body.id], [201, first.body.id]);
  assert.equal((await ann.get(`/posts/${post.id}`)).commentCount, 2);
});
