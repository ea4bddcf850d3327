import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { test } from 'node:test';
import { openWorld } from './world.ts';

const world = await openWorld();

test('a body that arrives after its session has ended changes nothing', async () => {
  const [ann, bob] = await world.accounts('ann', 'bob');
  const post = await ann.posts('slow');
  const late = request(`${world.base}/api/v1/posts/${post.id}/comments`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${bob.token}`,
      'content-type': 'application/json',
      'content-length': 19,
    },
  });
  late.write('{"text"');
  await new Promise((resolve) =>
    late.once('socket', (socket) => (socket.connecting ? socket.once('connect', resolve) : resolve(null))),
  );
  await bob.act('GET', '/me');
  await bob.must('DELETE', '/sessions/current');
  late.end(':"too late"}');
  const [reply] = await once(late, 'response');
  assert.equal(reply.statusCode, 401);
  reply.resume();
  assert.equal((await ann.get(`/posts/${post.id}/comments`)).items.length, 0);
});
