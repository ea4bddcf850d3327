/** ./pinhole seed --photos DIR [--accounts N]: fills a running Pinhole with a lively demo network, through the public API. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { FILTER_NAMES } from '../../../core/look/filters.ts';
import { readConfig } from '../../config.ts';
import { OperatorFault, say } from '../progress.ts';
import { captions, comments, people } from './seed-words.ts';

const PASSWORD = 'a demo password of pinhole';
const CAROUSEL_MAX = 4;
const UPLOAD_WIDTH = 2_048;
const ACCOUNTS_MAX = 500;
const DEVELOP_WAIT_MS = 180_000;

type Member = { id: string; handle: string; token: string };
type Post = { id: string; by: Member };
type Chance = () => number;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { photos: { type: 'string' }, accounts: { type: 'string', default: '40' } },
  });
  const count = Number(values.accounts);
  if (!values.photos || !Number.isInteger(count) || count < 2 || count > ACCOUNTS_MAX)
    throw new OperatorFault(
      `Usage: ./pinhole seed --photos DIR [--accounts 2 to ${ACCOUNTS_MAX}]\nDIR is a folder of JPEG photographs.`,
    );
  const config = readConfig(process.env);
  const base = `http://${config.host.replace('0.0.0.0', '127.0.0.1')}:${config.port}`;
  await refuseUnready(base);
  const photos = await readPhotos(values.photos);
  const chance = seededChance(7);
  const members = await makeMembers(base, count);
  await makeAvatars(base, members, photos);
  await makeFollows(base, members, chance);
  const posts = await makePosts(base, members, photos, chance);
  await makeTalk(base, members, posts, chance);
  say(
    `Done: ${members.length} accounts, ${posts.length} posts. Sign in at ${base} as ${members[0]?.handle} with the password "${PASSWORD}".`,
  );
}

async function refuseUnready(base: string): Promise<void> {
  const reply = await fetch(`${base}/api/v1/setup`).catch(() => null);
  if (!reply?.ok)
    throw new OperatorFault(
      `Pinhole does not answer at ${base}. Start it with ./pinhole up in another terminal first.`,
    );
  const { needsAdmin } = (await reply.json()) as { needsAdmin: boolean };
  if (needsAdmin) throw new OperatorFault(`Open ${base} and make the admin account first.`);
}

/** Prepared as a browser would: upright, at most 2,048 px. */
async function readPhotos(folder: string): Promise<Buffer[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.jpe?g$/i.test(name)).sort();
  if (names.length === 0)
    throw new OperatorFault(`There are no JPEG photographs in ${path.resolve(folder)}.`);
  const photos: Buffer[] = [];
  for (const name of names) {
    const prepared = sharp(await readFile(path.join(folder, name)))
      .autoOrient()
      .resize({ width: UPLOAD_WIDTH, height: UPLOAD_WIDTH, fit: 'inside', withoutEnlargement: true });
    photos.push(await prepared.jpeg({ quality: 90 }).toBuffer());
    progress('photographs prepared', photos.length, names.length);
  }
  return photos;
}

async function makeMembers(base: string, count: number): Promise<Member[]> {
  const members: Member[] = [];
  for (let at = 0; at < count; at++) {
    const [first, last] = pick(people, (at / people.length) % 1);
    const turn = Math.floor(at / people.length);
    const handle = `${first}.${last}${turn > 0 ? `_${turn + 1}` : ''}`.toLowerCase();
    members.push(
      await joinAs(base, {
        handle,
        name: `${first} ${last}`,
        email: `${handle}@example.org`,
        password: PASSWORD,
        kind: 'bearer',
      }),
    );
    progress('accounts', at + 1, count);
  }
  return members;
}

/** Signs up, or in when an earlier seed made the account. */
async function joinAs(
  base: string,
  wish: { handle: string; password: string; [more: string]: string },
): Promise<Member> {
  type SignedIn = { account: { id: string }; token: string };
  const made = await call<SignedIn>(base, 'POST', '/accounts', { body: wish, isTakenFine: true });
  const { account, token } =
    made ??
    (await must<SignedIn>(base, 'POST', '/sessions', {
      body: { login: wish.handle, password: wish.password, kind: 'bearer' },
    }));
  return { id: account.id, handle: wish.handle, token };
}

async function makeAvatars(base: string, members: Member[], photos: Buffer[]): Promise<void> {
  for (const [at, member] of members.entries()) {
    // Some have none, as in life.
    if (at % 7 !== 6)
      await must(base, 'PUT', '/me/avatar', {
        token: member.token,
        body: { uploadId: await upload(base, member, pick(photos, ((at * 11) / photos.length) % 1)) },
      });
    progress('avatars', at + 1, members.length);
  }
}

/** A few are followed by nearly all, most by some. */
async function makeFollows(base: string, members: Member[], chance: Chance): Promise<void> {
  for (const [at, member] of members.entries()) {
    for (const [rank, other] of members.entries())
      if (other !== member && chance() < 0.15 + 0.7 / (1 + rank / 3))
        await must(base, 'PUT', `/accounts/${other.id}/follow`, { token: member.token });
    progress('members who follow others', at + 1, members.length);
  }
}

async function makePosts(base: string, members: Member[], photos: Buffer[], chance: Chance): Promise<Post[]> {
  const total = Math.max(members.length, photos.length) * 2;
  const posts: Post[] = [];
  for (let at = 0; at < total; at++) {
    const by = pick(members, (at / members.length) % 1);
    const uploadIds: string[] = [];
    const count = chance() < 0.25 ? 2 + Math.floor(chance() * (CAROUSEL_MAX - 1)) : 1;
    while (uploadIds.length < count) uploadIds.push(await upload(base, by, pick(photos, chance())));
    const filter = pick(FILTER_NAMES, chance());
    const body = {
      caption: pick(captions, chance()),
      photos: uploadIds.map((uploadId) => ({
        uploadId,
        edits: { look: { filter } },
        altText: 'A photograph of the demo network',
      })),
    };
    posts.push({
      id: (await must<{ id: string }>(base, 'POST', '/posts', { token: by.token, body })).id,
      by,
    });
    progress('posts', at + 1, total);
  }
  for (const post of posts) await developed(base, post);
  return posts;
}

async function upload(base: string, by: Member, bytes: Buffer): Promise<string> {
  const ticket = await must<{ uploadId: string }>(base, 'POST', '/uploads', { token: by.token });
  await must(base, 'PUT', `/uploads/${ticket.uploadId}`, { token: by.token, bytes });
  return ticket.uploadId;
}

async function developed(base: string, post: Post): Promise<void> {
  for (const startMs = Date.now(); Date.now() - startMs < DEVELOP_WAIT_MS; await delay(200))
    if (
      (await must<{ state: string }>(base, 'GET', `/posts/${post.id}`, { token: post.by.token })).state !==
      'developing'
    )
      return;
  throw new OperatorFault(`The post ${post.id} is still not developed. See what ./pinhole jobs list says.`);
}

async function makeTalk(base: string, members: Member[], posts: Post[], chance: Chance): Promise<void> {
  for (const [at, post] of posts.entries()) {
    for (const { token } of members) {
      if (chance() < 0.3) await must(base, 'PUT', `/posts/${post.id}/like`, { token });
      if (chance() < 0.04)
        await must(base, 'POST', `/posts/${post.id}/comments`, {
          token,
          body: { text: pick(comments, chance()).replace('@', `@${post.by.handle}`) },
        });
    }
    progress('posts with likes and comments', at + 1, posts.length);
  }
}

type Sent = { token?: string; body?: object; bytes?: Buffer; isTakenFine?: boolean };

async function must<Reply = unknown>(base: string, method: string, at: string, sent: Sent): Promise<Reply> {
  return (await call<Reply>(base, method, at, sent)) as Reply;
}

async function call<Reply>(
  base: string,
  method: string,
  at: string,
  { token, body, bytes, isTakenFine }: Sent,
): Promise<Reply | null> {
  const headers = new Headers(token ? { authorization: `Bearer ${token}` } : {});
  if (body) headers.set('content-type', 'application/json');
  if (bytes) headers.set('content-type', 'application/octet-stream');
  const reply = await fetch(`${base}/api/v1${at}`, {
    method,
    headers,
    body: bytes ? new Uint8Array(bytes) : body ? JSON.stringify(body) : null,
  });
  if (reply.status === 409 && isTakenFine) return null;
  const text = await reply.text();
  if (!reply.ok) throw new OperatorFault(`${method} ${at} was answered with ${reply.status}: ${text}`);
  return text === '' ? null : (JSON.parse(text) as Reply);
}

function pick<Item>(items: readonly Item[], part: number): Item {
  const item = items[Math.round(part * items.length) % items.length];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}

/** The same network each time. (mulberry32, public domain) */
function seededChance(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function progress(what: string, done: number, of: number): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${what}: ${done} of ${of}${done === of ? '\n' : ''}`);
  else if (done === of) say(`${what}: ${of}`);
}
