import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after, test } from 'node:test';
import { openEmptyDatabases } from '../../test/empty-databases.ts';
import { openDatabase } from './database.ts';
import { newRequestContext, runInContext } from './request-context.ts';
import { sql } from './sql.ts';

const make = await openEmptyDatabases();
const target = await make();

/** What comes by the connections of these numbers, in their order, stays on the way. */
const hanging = new Set<number>();
let connections = 0;
const proxy = createServer((socket) => {
  const number = connections++;
  const server = connect(`${target.host}/.s.PGSQL.${target.port}`);
  socket.on('data', (bytes) => hanging.has(number) || server.write(bytes));
  server.on('data', (bytes) => hanging.has(number) || socket.write(bytes));
  for (const [one, other] of [
    [socket, server],
    [server, socket],
  ] as const) {
    one.on('error', () => undefined);
    one.on('close', () => other.destroy());
  }
}).listen(0, '127.0.0.1');
await once(proxy, 'listening');
after(() => proxy.close());

function openByProxy() {
  const bound = proxy.address();
  const port = typeof bound === 'object' ? (bound?.port ?? 0) : 0;
  return openDatabase('main', { ...target, host: '127.0.0.1', port }, { onError: () => undefined });
}

test('one connection that hangs while the server is well is let go, and costs reads only until then', async () => {
  const database = openByProxy();
  after(() => database.close());
  const ask = () => runInContext(newRequestContext(null), () => database.rows(sql`select 1 as one`));
  const isAnswered = () =>
    ask().then(
      () => true,
      () => false,
    );
  assert.deepEqual(await Promise.all([isAnswered(), isAnswered()]), [true, true]);
  hanging.add(0);
  const lost: number[] = [];
  for (const startMs = performance.now(); performance.now() - startMs < 12_000; ) {
    const answers = await Promise.all([isAnswered(), isAnswered()]);
    lost.push(answers.filter((answer) => !answer).length);
    if (lost.length > 1 && lost.at(-1) === 0) break;
  }
  assert.ok(lost[0] === 1, 'the hanging connection was used');
  assert.equal(lost.at(-1), 0, 'and is used no more');
  assert.equal(database.isDown(), false);
});

test('closing waits for a read that hangs no longer than its bound, and nothing is read afterwards', async () => {
  const database = openByProxy();
  const first = connections;
  await database.rows(sql`select 1 as one`);
  hanging.add(first);
  const lost = Promise.all([database.rows(sql`select 1 as one`), database.rows(sql`select 1 as one`)]);
  const refused = assert.rejects(lost);
  await database.close();
  await refused;
  await assert.rejects(database.rows(sql`select 1 as one`));
});
