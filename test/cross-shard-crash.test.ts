/** Pinhole as an operator runs it, on two servers, killed with -9 again and again while members act: web and jobs in one process. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import type { AccountId } from '../core/ids.ts';
import { sql } from '../server/infra/sql.ts';
import { checkAll } from '../server/main/admin/check.ts';
import { root } from '../server/main/app.ts';
import { atEnd } from './closing.ts';
import { mustAgree } from './cross-shard-oracle.ts';
import { openCrossWorld } from './cross-shard-world.ts';
import { until } from './world.ts';

const KILLS = 5;
const AT_WORK = 6;
/** Acts before a kill: at least these, and up to so many more. */
const [ACTS_MIN, ACTS_MORE] = [30, 150];
const world = await openCrossWorld({ members: 3 });
const { app, people, fleet } = world;

async function up() {
  const child: ChildProcess = spawn(process.execPath, [path.join(root, 'server/main/cli.ts'), 'up'], {
    env: {
      PATH: process.env.PATH,
      HOME: world.world.dataDir,
      PINHOLE_DATA: world.world.dataDir,
      PINHOLE_PORT: '0',
      PINHOLE_DATABASE: fleet.databaseUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stdout?.on('data', (chunk) => (printed += chunk));
  child.stderr?.on('data', (chunk) => (printed += chunk));
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  atEnd(kill);
  const base = await until(async () => {
    assert.equal(child.exitCode, null, printed.slice(-500));
    return /Pinhole is at (\S+)/.exec(printed)?.[1] ?? null;
  }, 'Pinhole is up');
  return { base, kill };
}

const acts = [
  'follow',
  'follow',
  'unfollow',
  'like',
  'like',
  'unlike',
  'comment',
  'block',
  'unblock',
  'remove',
] as const;
const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)] as Item;

/** Acts at random until the process does not answer any more; counts what was acknowledged. */
async function act(base: string, posts: string[], count: () => void): Promise<void> {
  for (;;) {
    const [me, other, post] = [pick(people), pick(people), pick(posts)];
    const [method, at, body] = {
      follow: ['PUT', `accounts/${other.id}/follow`, null],
      unfollow: ['DELETE', `accounts/${other.id}/follow`, null],
      block: ['PUT', `accounts/${other.id}/block`, null],
      unblock: ['DELETE', `accounts/${other.id}/block`, null],
      remove: ['DELETE', `accounts/${other.id}/follower`, null],
      like: ['PUT', `posts/${post}/like`, null],
      unlike: ['DELETE', `posts/${post}/like`, null],
      comment: ['POST', `posts/${post}/comments`, { text: `hello @${other.handle}` }],
    }[pick(acts)] as [string, string, object | null];
    const reply = await fetch(`${base}/api/v1/${at}`, {
      method,
      headers: {
        authorization: `Bearer ${me.token}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      body: body && JSON.stringify(body),
    }).catch(() => null);
    if (!reply) return;
    await reply.arrayBuffer().catch(() => null);
    assert.notEqual(reply.status, 500);
    if (reply.ok) count();
  }
}

test('after five kills under load nothing is left over, lost or dead, and both sides agree', async () => {
  const posts: string[] = [];
  for (const person of people) posts.push(await world.post(app, person.id as AccountId, 'a #pier'));
  let acknowledged = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const process = await up();
    let done = 0;
    const count = () => void done++;
    const acting = Promise.all(Array.from({ length: AT_WORK }, () => act(process.base, posts, count)));
    const enough = ACTS_MIN + Math.random() * ACTS_MORE;
    await until(async () => (done > enough ? true : null), 'enough was done');
    await process.kill();
    await acting;
    acknowledged += done;
    if (kill === KILLS - 1) break;
    // Left as they are after the last kill: then the queue itself must notice that their process is dead.
    for (const { database } of app.shards.servers)
      await database.rows(sql`update jobs.job set state = 'retry' where state = 'active'`);
  }
  assert.ok(acknowledged > KILLS * ACTS_MIN, `${acknowledged} acts`);
  await up();
  await until(
    async () => ((await app.queue.counts()).waiting === 0 ? true : null),
    'all jobs are done, those of dead processes too',
    90_000,
  );
  await world.drain(app);
  await mustAgree(app, 'in the end');
  const lines: string[] = [];
  assert.equal(await checkAll(app, false, (line) => lines.push(line)), 0, lines.join('\n'));
});
