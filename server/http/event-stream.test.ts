import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import Fastify from 'fastify';
import { type EventStream, openEventStream } from './event-stream.ts';

test('whoever does not take what is sent is cut off; what waits for him is bounded', async () => {
  const server = Fastify();
  const opened = Promise.withResolvers<EventStream>();
  server.get('/', (request, reply) => opened.resolve(openEventStream(request, reply)));
  const base = await server.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect(Number(new URL(base).port), '127.0.0.1');
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n');
  const stream = await opened.promise;
  let isClosed = false;
  stream.onClose(() => {
    isClosed = true;
  });
  let sent = 0;
  // The kernel takes some megabytes before anything waits here.
  for (; !isClosed && sent < 2_000; sent++) {
    stream.send('comment', { text: 'x'.repeat(32_768) }, '1');
    await turn();
  }
  assert.ok(isClosed, `${sent} events of 32 kB were taken`);
  stream.send('comment', {}, '1');
  stream.end();
  socket.destroy();
  await once(socket, 'close');
  await server.close();
});
