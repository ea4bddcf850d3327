/** What was acknowledged is there and whole after everything was killed, after the power was cut, and on a full disk. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import sharp from 'sharp';
import type { PostCard } from '../core/shapes.ts';
import type { Bytes } from './hostile-files.ts';
import type { Losses } from './hostile-power-cut.ts';
import { newPhoto } from './hostile-world.ts';
import { PASSWORD, until } from './world.ts';

const root = path.resolve(import.meta.dirname, '..');
const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-power-'));
const dataDir = path.join(folder, 'data');
const running = new Set<ChildProcess>();
after(async () => {
  for (const child of running) await killAll(child);
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

test('after a power cut every photo that the folder store acknowledged is whole, and none that it removed is back', async (t) => {
  const script = path.join(import.meta.dirname, 'hostile-power-cut.ts');
  const given = ['--mount', '--propagation', 'private', process.execPath, script, folder];
  const { stdout } = await promisify(execFile)('unshare', given).catch((error) => {
    if (/unshare/.test(error.stderr) || error.code === 'ENOENT')
      return { stdout: '{"missing":"There is no unshare here."}' };
    throw error;
  });
  const { missing, synced, unsynced } = JSON.parse(stdout) as {
    missing?: string;
    synced: Losses;
    unsynced: Losses;
  };
  if (missing) return t.skip(missing);
  assert.ok(synced.acknowledged > 100, `${synced.acknowledged} files were acknowledged`);
  assert.deepEqual({ ...synced, acknowledged: 0 }, { acknowledged: 0, lost: [], torn: [], undead: [] });
  assert.ok(
    unsynced.lost.length > 0,
    'a store that does not wait for the disk loses photos, and this test sees it',
  );
});

// killed ------------------------------------------------------------------------------------------------------

const settings = {
  PATH: process.env.PATH ?? '',
  HOME: folder,
  PINHOLE_DATA: dataDir,
  PINHOLE_PORT: '0',
  PINHOLE_POSTS_PER_HOUR: '100000',
};

/** ./pinhole up, in a process group of its own. */
async function up() {
  const child = spawn(path.join(root, 'pinhole'), ['up'], {
    env: settings,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
  const ended = once(child, 'exit').then(() => running.delete(child));
  await until(async () => {
    assert.ok(child.exitCode === null, printed);
    return printed.includes('Ctrl-C ends it') ? true : null;
  }, 'Pinhole is up');
  const base = /Pinhole is at (\S+)/.exec(printed)?.[1] ?? '';
  return { child, ended, base, code: /code for it is (\S+)/.exec(printed)?.[1] ?? '' };
}

/** The web process, its image workers, and the database with all its processes, none of which can end what it does. */
async function killAll(child: ChildProcess): Promise<void> {
  const pidFile = await readFile(path.join(dataDir, 'postgres/postmaster.pid'), 'utf8').catch(() => '');
  const postmaster = Number(pidFile.split('\n')[0]);
  if (child.pid && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  if (postmaster > 0) process.kill(postmaster, 'SIGKILL');
}

/** Null where no answer came, so that nobody knows what happened. */
async function ask(
  base: string,
  token: string,
  method: string,
  at: string,
  body?: object | Bytes,
  more = {},
) {
  const isBytes = body instanceof Uint8Array;
  const headers = new Headers({
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(body ? { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' } : {}),
    ...more,
  });
  const init = { method, headers, body: isBytes ? body : body ? JSON.stringify(body) : null };
  try {
    const response = await fetch(at.startsWith('/media') ? base + at : `${base}/api/v1${at}`, init);
    const bytes = Buffer.from(await response.arrayBuffer());
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return { status: response.status, bytes, body: isJson ? JSON.parse(bytes.toString()) : null };
  } catch {
    return null;
  }
}

type Ledger = {
  uploads: Map<string, string>;
  posts: Set<string>;
  /** Of the newest photo of each writer: the strengths that were acknowledged last, and asked for since. */
  strengths: Map<string, { at: string; acknowledged: number; asked: number }>;
};

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
let seed = 0;

/** Uploads, publishes and edits, until nobody answers. */
async function writeUntilDead(base: string, token: string, writer: string, ledger: Ledger): Promise<void> {
  const tell = async (...given: [string, string, (object | Bytes)?, object?]) => ask(base, token, ...given);
  for (;;) {
    const bytes = await newPhoto(seed++);
    const isInPieces = seed % 3 === 0;
    const ticket = await tell('POST', '/uploads', { sizeBytes: bytes.length });
    if (!ticket) return;
    const { uploadId } = ticket.body;
    const at = `/uploads/${uploadId}`;
    const tus = {
      'content-type': 'application/offset+octet-stream',
      'tus-resumable': '1.0.0',
      'upload-offset': '0',
    };
    if (isInPieces) await tell('PATCH', at, bytes, tus);
    const sent = isInPieces ? await tell('POST', `${at}/complete`) : await tell('PUT', at, bytes);
    if (!sent) return;
    assert.equal(sent.status, 200, sent.bytes.toString());
    ledger.uploads.set(uploadId, sha256(bytes));
    const body = { photos: [{ uploadId, edits: { look: { filter: 'warm-vintage' } } }] };
    const posted = await tell('POST', '/posts', body, { 'idempotency-key': uploadId });
    if (!posted) return;
    assert.equal(posted.status, 201, posted.bytes.toString());
    ledger.posts.add(posted.body.id);
    const edited = ledger.strengths.get(writer);
    if (edited) {
      edited.asked = 1 + (seed % 99);
      const look = { filter: 'warm-vintage', strength: edited.asked };
      const reply = await tell('PUT', `${edited.at}/edits`, { look });
      if (!reply) return;
      if (reply.status === 200) edited.acknowledged = edited.asked;
    }
    ledger.strengths.set(writer, {
      at: `/posts/${posted.body.id}/photos/${uploadId}`,
      acknowledged: 100,
      asked: 100,
    });
  }
}

async function assertAllThere(base: string, token: string, ledger: Ledger): Promise<void> {
  for (const [uploadId, digest] of ledger.uploads) {
    const file = path.join(dataDir, 'photos/originals', uploadId.slice(-2), uploadId);
    assert.equal(sha256(await readFile(file)), digest, `upload ${uploadId}`);
  }
  for (const postId of ledger.posts) {
    const post = await until(
      async () => {
        const reply = await ask(base, token, 'GET', `/posts/${postId}`);
        const { state, photos }: PostCard = reply?.body ?? assert.fail('no answer');
        assert.notEqual(state, 'failed', JSON.stringify(photos));
        return state === 'published' ? photos : null;
      },
      `the post ${postId} that was acknowledged is published`,
      90_000,
    );
    for (const { url, width } of post.flatMap(({ renditions }) => renditions)) {
      const served = await ask(base, token, 'GET', url);
      assert.equal((await sharp(served?.bytes).metadata()).width, width, url);
      assert.equal(served?.bytes.subarray(-2).toString('hex'), 'ffd9', `${url} is whole`);
    }
  }
  for (const edited of ledger.strengths.values()) {
    const reply = await ask(base, token, 'GET', `${edited.at}/edits`);
    assert.ok(
      [edited.acknowledged, edited.asked].includes(reply?.body.edits.look.strength),
      JSON.stringify(edited),
    );
  }
}

test('killed with -9 at any moment, all of it, it comes back with every photo and edit that it acknowledged, whole', async () => {
  const ledger: Ledger = { uploads: new Map(), posts: new Set(), strengths: new Map() };
  let token = '';
  for (const postsBefore of [3, 9, 15]) {
    const pinhole = await up();
    const wish = {
      handle: 'ann',
      email: 'ann@example.org',
      password: PASSWORD,
      kind: 'bearer',
      code: pinhole.code,
    };
    if (!token) token = (await ask(pinhole.base, '', 'POST', '/setup', wish))?.body.token;
    const writers = ['1', '2', '3'].map((writer) => writeUntilDead(pinhole.base, token, writer, ledger));
    await until(async () => (ledger.posts.size >= postsBefore ? true : null), 'posts are acknowledged');
    await killAll(pinhole.child);
    await Promise.all([...writers, pinhole.ended]);
  }
  const last = await up();
  await assertAllThere(last.base, token, ledger);
  last.child.kill('SIGTERM');
  await last.ended;
  assert.deepEqual(await readdir(path.join(dataDir, 'photos/.incoming')), []);
  const check = await promisify(execFile)(path.join(root, 'pinhole'), ['check', '--checksums'], {
    env: settings,
  });
  assert.match(check.stdout, /✓ photo files\n[^✗]*✓ checksums of photo files\n/);
  assert.doesNotMatch(check.stdout, /✗/);
});
