/**
 * What a page of posts from both servers asks of them, seen inside an App in this process; and the memory of the database
 * connections of a running Pinhole whose members touched every logical shard.
 */
import { readFile } from 'node:fs/promises';
import { LOGICAL_SHARDS } from '../core/ids.ts';
import { readConfig } from '../server/config.ts';
import type { Database, Row } from '../server/infra/database.ts';
import type { Statement } from '../server/infra/sql.ts';
import { openApp } from '../server/main/app.ts';
import { startDatabase } from '../server/main/database.ts';
import { buildWeb } from '../server/main/web.ts';
import { load } from './load.ts';
import { call, type Member, together } from './people.ts';
import { SHARD, type Side } from './shards-fleet.ts';
import type { Scene } from './shards-ratio.ts';
import { type Bench, type Figures, median } from './system.ts';

const PAGE = 30;
const PAGES = 20;
const LANES = 16;
const TOUCH_SECONDS = 60;

type Asked = { server: string; text: string; startMs: number; endMs: number };

/** `authors`: of the posts, as many on each server as on the other. */
export async function measurePage(
  bench: Bench,
  { side }: Scene,
  reader: Member,
  authors: string[],
): Promise<Figures> {
  const { token } = reader;
  await together(authors, (accountId) =>
    call(side.system.base, 'PUT', `/accounts/${accountId}/follow`, { token }),
  );
  const { app, base } = await openOwn(bench, side);
  const asked: Asked[] = [];
  for (const server of app.shards.servers) listen(server.database, server.name, asked);
  const pages: Asked[][] = [];
  while (pages.length < PAGES) {
    asked.length = 0;
    const page = await call<{ items: { account: { id: string } }[] }>(base, 'GET', `/feed?limit=${PAGE}`, {
      token,
    });
    if (page.items.length !== PAGE || new Set(page.items.map(({ account }) => account.id)).size !== PAGE)
      throw new Error(`The page has ${page.items.length} posts.`);
    pages.push([...asked]);
  }
  const cards = pages.map((page) => page.filter(({ text }) => text.includes('post_photos')));
  return {
    pageStatements: median(cards.map((each) => each.length)),
    pageServers: median(cards.map((each) => new Set(each.map(({ server }) => server)).size)),
    pageParallel: cards.filter(overlap).length / PAGES,
    pageAllStatements: median(pages.map((page) => page.length)),
  };
}

/** All of them were under way at one moment. */
function overlap(statements: Asked[]): boolean {
  const begun = Math.max(...statements.map(({ startMs }) => startMs));
  return begun < Math.min(...statements.map(({ endMs }) => endMs));
}

/** Serves, and works on no jobs: the photos belong to the other process. */
async function openOwn(bench: Bench, { settings, system }: Side) {
  const config = { ...readConfig(settings), dataDir: system.dataDir };
  const { connect, prefix } = await startDatabase(config);
  const { app, close } = await openApp(config, connect, prefix, () => undefined);
  bench.closing.push(close);
  const web = await buildWeb(app, () => false);
  bench.closing.push(async () => web.close());
  return { app, base: await web.listen({ host: '127.0.0.1', port: 0 }) };
}

/** Reads of a member's page go this way, whether from the server or from its replica. */
function listen(database: Database, server: string, asked: Asked[]): void {
  const { rows } = database;
  database.rows = async <Shape extends Row>(statement: Statement) => {
    const startMs = performance.now();
    const found = await rows<Shape>(statement);
    asked.push({ server, text: statement.text, startMs, endMs: performance.now() });
    return found;
  };
}

/** Each account lives in a logical shard of its own, and so does each post; all of them are read, and all posts liked. */
export async function measureConnections(bench: Bench, { side, members, rows }: Scene): Promise<Figures> {
  const [accountIds, postIds] = [rows.accountIds, rows.postIds].map((ids) => ids.slice(0, LOGICAL_SHARDS));
  if (accountIds?.length !== LOGICAL_SHARDS || !postIds)
    throw new Error('Not all logical shards are inhabited.');
  const requests = accountIds.flatMap((accountId, at) => [
    {
      method: 'GET',
      path: `/api/v1/accounts/${accountId}/posts`,
      token: members[at % members.length]?.token ?? '',
    },
    {
      method: 'PUT',
      path: `/api/v1/posts/${postIds[at]}/like`,
      token: members[at % members.length]?.token ?? '',
    },
  ]);
  const lanes = Array.from({ length: LANES }, (_, lane) =>
    requests.filter((_, at) => (at >> 1) % LANES === lane),
  );
  const plan = { port: side.system.port, lanes, repeats: false, seconds: TOUCH_SECONDS };
  const { total } = await load(bench, plan);
  const backends = await side.directory.query<{ pid: number }>(
    'postgres',
    "select pid from pg_stat_activity where application_name = 'pinhole' and datname = $1",
    [SHARD],
  );
  const memory = await Promise.all(backends.map(({ pid }) => readPrivateMiB(pid)));
  return {
    connectionPrivateMiB: Math.max(...memory),
    connectionPrivateMedianMiB: median(memory),
    connectionsSeen: memory.length,
    shardsTouched: total / 2,
  };
}

/**
 * What the process alone has: pages that it has written or read of its own mappings. Of shared memory, the first process to
 * touch a page would count it as its own while nobody else does, so that is left out.
 */
async function readPrivateMiB(pid: number): Promise<number> {
  const mappings = (await readFile(`/proc/${pid}/smaps`, 'utf8')).split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
  const own = mappings.filter((mapping) => /^\S+ ...p/.test(mapping)).join('\n');
  const kib = [...own.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB/gm)].map(([, size]) => Number(size));
  return kib.reduce((sum, each) => sum + each, 0) / 1_024;
}
