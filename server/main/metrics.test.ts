import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openWorld } from '../../test/world.ts';
import { serveMetrics } from './metrics.ts';

const world = await openWorld();
const server = await serveMetrics(world.app, { host: '127.0.0.1', port: 0 });
after(() => server.close());
const address = server.address();
assert.ok(address && typeof address === 'object');
const read = (path: string) => fetch(`http://127.0.0.1:${address.port}${path}`);

test('each stage of a photo has a counter and a duration, on a listener of its own alone', async () => {
  const ann = await world.account('ann');
  await ann.posts();
  await world.settled();
  const text = await (await read('/metrics')).text();
  for (const stage of ['receive', 'header', 'decode', 'encode', 'store'])
    assert.match(text, new RegExp(`pinhole_photo_stage_seconds_count\\{stage="${stage}"\\} [1-9]`), stage);
  assert.match(text, /pinhole_photos_total\{kind="photo",outcome="done"\} 1/);
  assert.equal((await read('/')).status, 404);
  const forMembers = await fetch(`${world.base}/metrics`);
  assert.ok(!(await forMembers.text()).includes('pinhole_photo'));
});

test('each server is told of, with what it holds', async () => {
  const text = await (await read('/metrics')).text();
  assert.match(text, /^pinhole_server_up\{server="main"\} 1$/m);
  assert.match(text, /^pinhole_server_open\{server="main"\} 1$/m);
  assert.match(text, /^pinhole_server_logical_shards\{server="main"\} 8192$/m);
});
