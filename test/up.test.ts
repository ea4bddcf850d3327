/** ./pinhole up as an operator runs it: started, stopped, killed. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { PASSWORD, samplePhoto, until } from './world.ts';

const root = path.resolve(import.meta.dirname, '..');
const dataDir = await mkdtemp(path.join(tmpdir(), 'pinhole-up-'));
const running = new Set<ChildProcess>();
after(async () => {
  for (const child of running) child.kill('SIGKILL');
  const pid = Number(
    (await readFile(path.join(dataDir, 'postgres/postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0],
  );
  if (pid > 0) process.kill(pid, 'SIGQUIT');
  await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

async function up(environment: Record<string, string> = {}) {
  const child = spawn(path.join(root, 'pinhole'), ['up'], {
    env: { PATH: process.env.PATH, HOME: dataDir, PINHOLE_DATA: dataDir, PINHOLE_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += chunk));
  child.stderr.on('data', (chunk) => (printed += chunk));
  const ended = once(child, 'exit').then(([code, signal]) => {
    running.delete(child);
    return { code, signal, printed };
  });
  const started = () =>
    until(async () => (printed.includes('Ctrl-C ends it') ? printed : null), 'Pinhole is up');
  return { child, ended, started, base: async () => /Pinhole is at (\S+)/.exec(await started())?.[1] ?? '' };
}

async function api(
  base: string,
  method: string,
  at: string,
  token: string,
  body?: object | Uint8Array<ArrayBuffer>,
) {
  const isBytes = body instanceof Uint8Array;
  const response = await fetch(`${base}/api/v1${at}`, {
    method,
    headers: new Headers([
      ...(token ? [['authorization', `Bearer ${token}`]] : []),
      ...(body ? [['content-type', isBytes ? 'application/octet-stream' : 'application/json']] : []),
    ] as [string, string][]),
    body: isBytes ? body : body ? JSON.stringify(body) : null,
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : null };
}

let token = '';
let postId = '';

test('the first start shows an address and a code, and only the code makes the admin', async () => {
  const pinhole = await up();
  const base = await pinhole.base();
  const code = /code for it is (\S+)/.exec(await pinhole.started())?.[1];
  const wish = { handle: 'ann', email: 'ann@example.org', password: PASSWORD, kind: 'bearer' };
  assert.equal((await api(base, 'POST', '/setup', '', { ...wish, code: 'AAAA-BBBB-CCCC' })).status, 403);
  assert.equal((await api(base, 'POST', '/accounts', '', wish)).status, 403);
  const made = await api(base, 'POST', '/setup', '', { ...wish, code });
  assert.equal(made.status, 201);
  assert.equal(made.body.account.role, 'admin');
  token = made.body.token;
  pinhole.child.kill('SIGINT');
  const { code: exitCode, printed } = await pinhole.ended;
  assert.equal(exitCode, 0, printed);
  assert.match(printed, /Stopped/);
});

test('killed with -9 right after its answers, it comes back with all that it acknowledged', async () => {
  const first = await up();
  const base = await first.base();
  assert.ok(!(await first.started()).includes('code for it'));
  const ticket = await api(base, 'POST', '/uploads', token);
  assert.equal((await api(base, 'PUT', `/uploads/${ticket.body.uploadId}`, token, samplePhoto)).status, 200);
  const post = await api(base, 'POST', '/posts', token, {
    caption: 'kept #kept',
    photos: [{ uploadId: ticket.body.uploadId, edits: { look: { filter: 'warm-vintage' } } }],
  });
  assert.equal(post.status, 201);
  postId = post.body.id;
  first.child.kill('SIGKILL');
  await first.ended;

  const second = await up();
  const again = await second.base();
  const published = await until(
    async () => {
      const { body } = await api(again, 'GET', `/posts/${postId}`, token);
      return body.state === 'published' ? body : null;
    },
    'the post that was in work is published',
    90_000,
  );
  assert.equal(published.photos[0].renditions.length, 4);
  const photo = await fetch(again + published.photos[0].renditions[0].url);
  assert.equal(photo.status, 200);
  assert.equal((await api(again, 'PUT', `/posts/${postId}/like`, token)).body.liked, true);
  assert.equal(
    (await api(again, 'POST', `/posts/${postId}/comments`, token, { text: 'still here' })).status,
    201,
  );

  second.child.kill('SIGKILL');
  const postmaster = Number(
    (await readFile(path.join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0],
  );
  process.kill(postmaster, 'SIGKILL');
  await second.ended;
  const third = await up();
  const anew = await third.base();
  await until(
    async () => {
      const { body } = await api(anew, 'GET', `/posts/${postId}`, token);
      return body.likeCount === 1 && body.commentCount === 1 && body.liked ? body : null;
    },
    'like and comment are there, and counted',
    90_000,
  );

  const beside = await up();
  const refused = await beside.ended;
  assert.notEqual(refused.code, 0);
  assert.doesNotMatch(refused.printed, /^\s+at /m);

  third.child.kill('SIGTERM');
  assert.equal((await third.ended).code, 0);
});

test('a port that is taken, or a setting that is wrong, ends in one sentence', async () => {
  const wrong = await (await up({ PINHOLE_PORT: 'http' })).ended;
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.printed, /PINHOLE_PORT must be a whole number/);
  assert.doesNotMatch(wrong.printed, /^\s+at /m);
});
