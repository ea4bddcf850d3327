/**
 * A whole Pinhole for one test file: its own databases, its own photo folder, its own HTTP server on a free port.
 * People are made, and act, through the public API.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PostCard } from '../core/shapes.ts';
import { type Config, readConfig } from '../server/config.ts';
import type { App } from '../server/infra/app.ts';
import type { Row } from '../server/infra/database.ts';
import type { Statement } from '../server/infra/sql.ts';
import { type Connect, openApp, startWorker } from '../server/main/app.ts';
import { buildWeb } from '../server/main/web.ts';
import { atEnd } from './closing.ts';
import type { Fleet } from './fleet.ts';
import { connectTo, startTestServer, TEMPLATE, withAdmin } from './postgres.ts';

export const PASSWORD = 'correct horse battery staple';
export const SETUP_CODE = 'TEST-CODE';
const WAIT_MS = 30_000;
/** The last question may take so much longer, on a busy machine. */
const ASK_MAX_MS = 60_000;

// biome-ignore lint/suspicious/noExplicitAny: replies are checked by the assertions of the tests
export type Reply = { status: number; headers: Headers; body: any; text: string };
type CallApi = (method: string, at: string, call?: Call) => Promise<Reply>;
type Call = {
  body?: unknown;
  token?: string;
  headers?: Record<string, string>;
  raw?: Uint8Array<ArrayBuffer> | string;
};

export type Person = ReturnType<typeof personOf>;
export type World = Awaited<ReturnType<typeof openWorld>>;

type Options = { config?: Partial<Config>; hasAdmin?: boolean; hasWorker?: boolean; fleet?: Fleet };
type Databases = { connect: Connect; prefix: string };

/**
 * `config` overrides settings; `hasAdmin: false` leaves the network without its first account; `hasWorker: false` leaves the
 * jobs to others; `fleet`: servers of its own.
 */
export async function openWorld(options: Options = {}) {
  const databases = options.fleet ?? (await cloneDatabases());
  const dataDir = await mkdtemp(path.join(tmpdir(), 'pinhole-test-'));
  atEnd(() => rm(dataDir, { recursive: true, force: true }));
  const config: Config = {
    ...readConfig({}),
    dataDir,
    port: 0,
    logLevel: 'error',
    signUpsPerHour: 10_000,
    postsPerHour: 10_000,
    databaseUrl: options.fleet?.databaseUrl ?? '',
    ...options.config,
  };
  const first = await openProcess(config, databases, options.hasWorker);
  const world = {
    ...first,
    connection: databases.connect(`${databases.prefix}_shard`),
    databases,
    /** A second process of the same Pinhole: the same databases and photos, an app and a web server of its own. */
    another: (more: Partial<Config> = {}) => openProcess({ ...config, ...more }, databases),
  };
  if (options.hasAdmin !== false) await world.setUp();
  return world;
}

async function openProcess(config: Config, { connect, prefix }: Databases, hasWorker = true) {
  const { app, close } = await openApp(config, connect, prefix, () => undefined);
  let closing: Promise<void> | undefined;
  const closeApp = () => (closing ??= close());
  atEnd(closeApp);
  const server = await buildWeb(app, (code) => code === SETUP_CODE);
  atEnd(() => server.close());
  const base = await server.listen({ host: '127.0.0.1', port: 0 });
  app.publicUrl = config.publicUrl || base;
  if (hasWorker) await startWorker(app);
  return {
    ...buildWorld(app, base, config.dataDir),
    /** Ends this process in good order, before the test does. */
    async close() {
      await server.close();
      await closeApp();
    },
  };
}

/** Databases of this test file alone, on the server that all share. */
async function cloneDatabases(): Promise<Databases> {
  const { connect, stop } = await findServer();
  atEnd(stop);
  const prefix = `test_${randomUUID().replaceAll('-', '')}`;
  atEnd(() =>
    withAdmin(connect, async (client) => {
      await client.query(`drop database if exists ${prefix}_directory with (force)`);
      await client.query(`drop database if exists ${prefix}_shard with (force)`);
    }),
  );
  await withAdmin(connect, async (client) => {
    await client.query(`create database ${prefix}_directory template ${TEMPLATE}_directory`);
    await client.query(`create database ${prefix}_shard template ${TEMPLATE}_shard`);
  });
  return { connect, prefix };
}

async function findServer() {
  const { PINHOLE_TEST_SOCKET: socketDir, PINHOLE_TEST_USER: user } = process.env;
  if (socketDir && user) return { connect: connectTo(socketDir, user), stop: async () => undefined };
  const server = await startTestServer();
  return { connect: connectTo(server.socketDir, server.user), stop: server.stop };
}

function buildWorld(app: App, base: string, dataDir: string) {
  const call: CallApi = async (method, at, { body, token, headers, raw } = {}) => {
    const url =
      at.startsWith('/api/') || at.startsWith('/media/') || at.startsWith('/health')
        ? base + at
        : `${base}/api/v1${at}`;
    const sent = new Headers(headers);
    if (raw !== undefined && !sent.has('content-type')) sent.set('content-type', 'application/octet-stream');
    if (body !== undefined) sent.set('content-type', 'application/json');
    if (token) sent.set('authorization', `Bearer ${token}`);
    const response = await fetch(url, {
      method,
      headers: sent,
      ...(raw !== undefined ? { body: raw } : body !== undefined ? { body: JSON.stringify(body) } : {}),
      redirect: 'manual',
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text ? JSON.parse(text) : null,
    };
  };

  /** Signs up, and gives somebody who acts by the API. */
  async function account(handle: string, more: { isPrivate?: boolean; name?: string } = {}) {
    const reply = await call('POST', '/accounts', {
      body: {
        handle,
        email: `${handle}@example.org`,
        password: PASSWORD,
        kind: 'bearer',
        ...(more.name ? { name: more.name } : {}),
      },
    });
    assert.equal(reply.status, 201, reply.text);
    const person = personOf(call, reply.body.account.id, handle, reply.body.token);
    if (more.isPrivate) await person.must('PATCH', '/me', { body: { isPrivate: true } });
    return person;
  }

  /** Somebody's next session: he acts with a token of its own. */
  async function signsIn(login: string, password = PASSWORD) {
    const reply = await call('POST', '/sessions', { body: { login, password, kind: 'bearer' } });
    assert.equal(reply.status, 201, reply.text);
    const { account, token } = reply.body;
    return personOf(call, account.id, account.handle, token);
  }

  return {
    app,
    base,
    dataDir,
    call,
    account,
    signsIn,
    /** Rows of the shard database. */
    rows: <Shape extends Row>(statement: Statement): Promise<Shape[]> => {
      const [server] = app.shards.servers;
      assert.ok(server);
      return server.database.rows<Shape>(statement);
    },
    /** The text of a page as whoever has no session gets it. */
    page: async (at: string) => (await fetch(base + at)).text(),
    async setUp(): Promise<void> {
      const body = {
        code: SETUP_CODE,
        handle: 'the.keeper',
        email: 'keeper@example.org',
        password: PASSWORD,
        kind: 'bearer',
      };
      assert.equal((await call('POST', '/setup', { body })).status, 201);
    },
    async accounts(...handles: string[]): Promise<[Person, Person, Person, ...Person[]]> {
      const people: Person[] = [];
      for (const handle of handles) people.push(await account(handle));
      return people as [Person, Person, Person, ...Person[]];
    },
    /** Waits until all jobs that were asked for are done. */
    async settled(waitMs = WAIT_MS): Promise<void> {
      const isDone = async () => ((await app.queue.counts()).waiting === 0 ? true : null);
      await until(isDone, 'all jobs are done', waitMs);
    },
    /** Every file under the photo folder, as paths. */
    async files(): Promise<string[]> {
      const list = () => readdir(path.join(dataDir, 'photos'), { recursive: true, withFileTypes: true });
      // A folder may be removed while it is looked through.
      const entries = await until(
        () => list().catch((error) => (error.code === 'ENOENT' ? null : Promise.reject(error))),
        'the photos can be listed',
      );
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name));
    },
    /** The text of the newest mail to an address. */
    async mailTo(address: string): Promise<string> {
      return until(async () => {
        const names = (await readdir(path.join(dataDir, 'outbox')).catch(() => [])).sort().reverse();
        for (const name of names) {
          const text = await readFile(path.join(dataDir, 'outbox', name), 'utf8');
          if (text.includes(`To: ${address}`)) return text;
        }
        return null;
      }, `a mail to ${address}`);
    },
  };
}

/** Somebody with an account, who acts by the API; `must` fails the test when the reply is an error, `act` does not. */
function personOf(call: CallApi, id: string, handle: string, token: string) {
  const act = (method: string, at: string, more: Omit<Call, 'token'> = {}) =>
    call(method, at, { ...more, token });
  async function must(method: string, at: string, more: Omit<Call, 'token'> = {}): Promise<Reply> {
    const reply = await act(method, at, more);
    assert.ok(reply.status < 300, `${handle}: ${method} ${at} → ${reply.status} ${reply.text}`);
    return reply;
  }
  async function uploads(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    const ticket = (await must('POST', '/uploads')).body;
    await must('PUT', ticket.url, { raw: bytes });
    return ticket.uploadId;
  }
  async function publishes(caption: string, uploadIds: string[], filter = 'none'): Promise<PostCard> {
    const photos = uploadIds.map((uploadId) => ({
      uploadId,
      edits: { look: { filter } },
      altText: `a photo by ${handle}`,
    }));
    return (await must('POST', '/posts', { body: { caption, photos } })).body;
  }
  async function posts(
    caption = '',
    photos: Uint8Array<ArrayBuffer>[] = [smallPhoto],
    filter = 'none',
  ): Promise<PostCard> {
    const uploadIds: string[] = [];
    for (const photo of photos) uploadIds.push(await uploads(photo));
    return shares(caption, uploadIds, filter);
  }
  async function shares(caption: string, uploadIds: string[], filter = 'none'): Promise<PostCard> {
    const post = await publishes(caption, uploadIds, filter);
    return until(async () => {
      const now = (await must('GET', `/posts/${post.id}`)).body as PostCard;
      assert.notEqual(now.state, 'failed', JSON.stringify(now.photos));
      return now.state === 'published' ? now : null;
    }, `the post of ${handle} is published`);
  }
  return {
    id,
    handle,
    token,
    act,
    must,
    uploads,
    /** Does not wait until the post is there for others; `posts` does. */
    publishes,
    shares,
    posts,
    get: async (at: string) => (await must('GET', at)).body,
    follows: (other: { id: string }) => must('PUT', `/accounts/${other.id}/follow`),
    unfollows: (other: { id: string }) => must('DELETE', `/accounts/${other.id}/follow`),
    accepts: (other: { id: string }) => must('PUT', `/follow-requests/${other.id}`),
    declines: (other: { id: string }) => must('DELETE', `/follow-requests/${other.id}`),
    removes: (other: { id: string }) => must('DELETE', `/accounts/${other.id}/follower`),
    blocks: (other: { id: string }) => must('PUT', `/accounts/${other.id}/block`),
    unblocks: (other: { id: string }) => must('DELETE', `/accounts/${other.id}/block`),
    likes: (post: { id: string }) => must('PUT', `/posts/${post.id}/like`),
    unlikes: (post: { id: string }) => must('DELETE', `/posts/${post.id}/like`),
    deletes: (post: { id: string }) => must('DELETE', `/posts/${post.id}`),
    edits: (changes: Record<string, unknown>) => must('PATCH', '/me', { body: changes }),
    /** Deletes the account. */
    leaves: () => must('DELETE', '/me', { body: { password: PASSWORD } }),
    comments: async (post: { id: string }, text: string) =>
      (await must('POST', `/posts/${post.id}/comments`, { body: { text } })).body,
    replies: async (comment: { id: string; postId: string }, text: string) =>
      (await must('POST', `/posts/${comment.postId}/comments`, { body: { text, parentId: comment.id } }))
        .body,
    likesComment: (comment: { id: string }) => must('PUT', `/comments/${comment.id}/like`),
    unlikesComment: (comment: { id: string }) => must('DELETE', `/comments/${comment.id}/like`),
  };
}

/** Asks again until there is an answer; fails when there is none within 30 s, or when a question hangs. */
export async function until<Answer>(
  ask: () => Promise<Answer | null>,
  what: string,
  waitMs = WAIT_MS,
): Promise<Answer> {
  const late = delay(waitMs + ASK_MAX_MS, null, { ref: false });
  for (const startMs = performance.now(); performance.now() - startMs < waitMs; await delay(20)) {
    const answer = await Promise.race([ask(), late]);
    if (answer !== null) return answer;
  }
  throw new Error(`waited for ${waitMs / 1_000} s until ${what}`);
}

const orientations = path.join(import.meta.dirname, 'fixtures/orientation');
export const samplePhoto: Uint8Array<ArrayBuffer> = await readFile(
  path.join(orientations, 'Landscape_6.jpg'),
);
/** The same in 360×240: prepared within a fourth of the time, for posts whose pictures do not matter. */
const smallPhoto: Uint8Array<ArrayBuffer> = await readFile(path.join(orientations, 'Landscape_6_small.jpg'));
