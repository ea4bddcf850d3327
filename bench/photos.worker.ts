/** Members who post photos one after the other, as fast as each is published. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { call } from './people.ts';

/** One member for each lane. */
export type PhotosPlan = { base: string; tokens: string[]; files: string[]; seconds: number };
export type PhotosReply = {
  postIds: string[];
  /** Between the first time that each lane had published one, and the end. */
  perSecond: number;
  uploadedAfterMs: number[];
  publishedAfterMs: number[];
  failure: string | null;
};

const EDITS = { look: { filter: 'warm-vintage' } };
const ASK_EVERY_MS = 50;
const PUBLISH_MAX_MS = 60_000;

process.once('message', async (plan: PhotosPlan) => {
  process.send?.(await run(plan));
});
process.once('disconnect', () => process.exit());

async function run(plan: PhotosPlan): Promise<PhotosReply> {
  const files = await Promise.all(plan.files.map(async (file) => new Uint8Array(await readFile(file))));
  const reply: PhotosReply = {
    postIds: [],
    perSecond: 0,
    uploadedAfterMs: [],
    publishedAfterMs: [],
    failure: null,
  };
  const endMs = performance.now() + plan.seconds * 1_000;
  const doneAtMs: number[] = [];
  let turn = 0;
  const lane = async (token: string) => {
    while (performance.now() < endMs && reply.failure === null) {
      const bytes = files[turn++ % files.length];
      if (!bytes) break;
      await send(plan.base, token, bytes, reply);
      doneAtMs.push(performance.now());
    }
  };
  const lanes = plan.tokens.map((token) =>
    lane(token).catch((error: Error) => {
      reply.failure ??= error.message;
    }),
  );
  await Promise.all(lanes);
  reply.perSecond = steadyRate(doneAtMs, plan.tokens.length, endMs);
  return reply;
}

/** While all lanes were at work: from the first few that were done until no new ones were begun. */
function steadyRate(doneAtMs: number[], lanes: number, endMs: number): number {
  const firstMs = doneAtMs[lanes - 1] ?? 0;
  const within = doneAtMs.filter((ms) => ms > firstMs && ms <= endMs).length;
  return (within * 1_000) / (endMs - firstMs);
}

async function send(
  base: string,
  token: string,
  bytes: Uint8Array<ArrayBuffer>,
  reply: PhotosReply,
): Promise<void> {
  const startMs = performance.now();
  const { uploadId } = await call<{ uploadId: string }>(base, 'POST', '/uploads', { token });
  await call(base, 'PUT', `/uploads/${uploadId}`, { token, bytes });
  const uploadedMs = performance.now();
  const body = { photos: [{ uploadId, edits: EDITS, altText: 'A photograph' }] };
  const post = await call<{ id: string }>(base, 'POST', '/posts', { token, body });
  while (!(await isPublished(base, token, post.id))) {
    if (performance.now() - uploadedMs > PUBLISH_MAX_MS) throw new Error(`post ${post.id} takes too long`);
    await delay(ASK_EVERY_MS);
  }
  reply.uploadedAfterMs.push(uploadedMs - startMs);
  reply.publishedAfterMs.push(performance.now() - uploadedMs);
  reply.postIds.push(post.id);
}

async function isPublished(base: string, token: string, postId: string): Promise<boolean> {
  const { state } = await call<{ state: string }>(base, 'GET', `/posts/${postId}`, { token });
  if (state === 'failed') throw new Error(`post ${postId} failed`);
  return state === 'published';
}
