/** Members who act through the public API, with bearer tokens, to set the scene of a scenario. */
import path from 'node:path';
import sharp from 'sharp';
import { root } from '../server/main/app.ts';
import { type System, tell, until } from './system.ts';

export type Member = { accountId: string; handle: string; token: string };
type Sent = { token?: string; body?: object; bytes?: Uint8Array<ArrayBuffer> };
export type Post = { id: string; state: string; likeCount: number; photos: { renditions: unknown[] }[] };

const PASSWORD = 'a long password of the benchmark';
const DEVELOP_MAX_MS = 60_000;
/** Requests under way while the scene is set. */
const WIDTH = 8;

/** Throws unless the answer is a success. */
export async function call<Reply>(
  base: string,
  method: string,
  at: string,
  { token, body, bytes }: Sent = {},
): Promise<Reply> {
  const headers = new Headers(token ? { authorization: `Bearer ${token}` } : {});
  if (body) headers.set('content-type', 'application/json');
  if (bytes) headers.set('content-type', 'application/octet-stream');
  const reply = await fetch(`${base}/api/v1${at}`, {
    method,
    headers,
    body: bytes ?? (body ? JSON.stringify(body) : null),
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${method} ${at} was answered with ${reply.status}: ${text}`);
  return (text === '' ? null : JSON.parse(text)) as Reply;
}

export async function makeAdmin(system: System): Promise<Member> {
  return join(system.base, '/setup', 'keeper', { code: await system.code() });
}

/** Handles are the name and a number. */
export function makeMembers(system: System, name: string, count: number): Promise<Member[]> {
  const handles = Array.from({ length: count }, (_, at) => `${name}${at}`);
  return together(handles, (handle) => join(system.base, '/accounts', handle, {}));
}

async function join(base: string, at: string, handle: string, more: object): Promise<Member> {
  type SignedIn = { account: { id: string }; token: string };
  const body = { handle, email: `${handle}@example.org`, password: PASSWORD, kind: 'bearer', ...more };
  const { account, token } = await call<SignedIn>(base, 'POST', at, { body });
  return { accountId: account.id, handle, token };
}

export async function publish(
  base: string,
  member: Member,
  bytes: Uint8Array<ArrayBuffer>,
  filter: string,
): Promise<Post> {
  const { token } = member;
  const { uploadId } = await call<{ uploadId: string }>(base, 'POST', '/uploads', { token });
  await call(base, 'PUT', `/uploads/${uploadId}`, { token, bytes });
  const photos = [{ uploadId, edits: { look: { filter } }, altText: 'A photograph of the benchmark' }];
  const caption = `One of the photographs of ${member.handle}, for the #benchmark`;
  return call<Post>(base, 'POST', '/posts', { token, body: { caption, photos } });
}

/** So many posts of each author, the authors taking turns; gives the posts once all of them are published. */
export async function makePosts(
  system: System,
  authors: Member[],
  each: number,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Post[]> {
  const turns = Array.from({ length: each }, () => authors).flat();
  const posts = await together(turns, async (author) => ({
    author,
    post: await publish(system.base, author, bytes, 'none'),
  }));
  return together(posts, ({ author, post }) =>
    until(DEVELOP_MAX_MS, 'a post is published', async () => {
      const { token } = author;
      const now = await call<Post>(system.base, 'GET', `/posts/${post.id}`, { token });
      if (now.state === 'failed') throw new Error(`Post ${post.id} failed.`);
      return now.state === 'published' ? now : null;
    }),
  );
}

/** A photograph of the test fixtures as a browser would send it. */
export async function makePhoto(width: number, height: number): Promise<Uint8Array<ArrayBuffer>> {
  const source = path.join(root, 'test/fixtures/orientation/Landscape_1.jpg');
  const picture = sharp(source).autoOrient().resize(width, height, { fit: 'cover' });
  return new Uint8Array(await picture.jpeg({ quality: 88 }).toBuffer());
}

/** All results in order, a few under way at a time. */
export async function together<Item, Result>(
  items: Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = items.entries();
  const lane = async () => {
    for (const [at, item] of waiting) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: WIDTH }, lane));
  return results;
}

export async function step<Result>(what: string, work: Promise<Result>): Promise<Result> {
  const startMs = performance.now();
  const result = await work;
  tell(`  ${what}: ${((performance.now() - startMs) / 1_000).toFixed(1)} s`);
  return result;
}
