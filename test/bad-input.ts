/** What every refusal looks like, what it must not change, and requests that fetch cannot make. */
import assert from 'node:assert/strict';
import net from 'node:net';
import type { Reply, World } from './world.ts';

export type Operation = { method: string; path: string; query: string[]; hasBody: boolean };

/** A 4xx with a stable code and a sentence, and nothing of our insides. */
export function assertRefused(reply: Reply, status: number, code: string | null = null, what = ''): void {
  const seen = `${what} → ${reply.status} ${reply.text.slice(0, 300)}`;
  assert.equal(reply.status, status, seen);
  assert.ok(status >= 400 && status < 500, seen);
  assert.match(reply.headers.get('content-type') ?? '', /^application\/json/, seen);
  const { error } = reply.body;
  assert.match(error.code, /^[a-z_]+$/, seen);
  if (code !== null) assert.equal(error.code, code, seen);
  assert.match(error.message, /^([\w.-]+: )?[A-Z].*\.$/, seen);
  for (const field of error.fields ?? []) assert.match(field.message, /^[A-Z].*\.$/, seen);
  assert.doesNotMatch(reply.text, /node_modules|\.ts:\d|\bat \w+.*:\d+:\d+|select |FST_/, seen);
}

/** The body of a refusal without what differs from request to request. */
export function refusalOf(reply: Reply) {
  return { status: reply.status, error: { ...reply.body.error, requestId: '' } };
}

/** Runs the work, and fails when any row of any table, or any photo file, is another afterwards. */
export async function changesNothing(world: World, work: () => Promise<void>): Promise<void> {
  await world.settled();
  const before = await storedIn(world);
  await work();
  await world.settled();
  assert.deepEqual(await storedIn(world), before);
}

async function storedIn(world: World) {
  const { directory, servers } = world.app.shards;
  const digests: Record<string, unknown> = {};
  for (const database of [directory, ...servers.map((server) => server.database)])
    await database.transaction(async (tx) => {
      const { rows } = await tx.execute(
        `select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
      );
      for (const { table_name: table } of rows) {
        const { rows: digest } = await tx.execute(
          `select count(*), md5(string_agg(row::text, ' ' order by row::text)) from "${table}" as row`,
        );
        digests[`${database.name}.${table}`] = digest;
      }
    });
  return { digests, files: (await world.files()).sort() };
}

/** Statements sent to all databases since start. */
export function statementCount(world: World): number {
  const { directory, servers } = world.app.shards;
  return [directory, ...servers.map((server) => server.database)].reduce(
    (sum, database) => sum + database.statementCount(),
    0,
  );
}

/** Every operation of the API, from its own description, so that a new route is tested without being named. */
export async function operationsOf(world: World): Promise<Operation[]> {
  const { paths } = (await world.call('GET', '/api/openapi.json')).body;
  return Object.entries<
    Record<string, { parameters?: { in: string; name: string }[]; requestBody?: unknown }>
  >(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path: path.replace('/api/v1', ''),
      query: parameters.filter((each) => each.in === 'query').map((each) => each.name),
      hasBody: requestBody !== undefined,
    })),
  );
}

/** Sends bytes as they are, and reads until the server closes the connection. */
export async function sendRaw(base: string, ...parts: (string | Uint8Array)[]): Promise<Reply> {
  const { hostname, port } = new URL(base);
  const socket = net.connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // The server may close while we still send; what it said before is its answer.
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  for (const part of parts) socket.write(part);
  await closed;
  const [head = '', ...rest] = Buffer.concat(chunks).toString().split('\r\n\r\n');
  const text = rest.join('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = new Headers(
    lines.map((line): [string, string] => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 2),
    ]),
  );
  const isJson = headers.get('content-type')?.startsWith('application/json') && text !== '';
  return { status: Number(first.split(' ')[1]), headers, text, body: isJson ? JSON.parse(text) : null };
}
