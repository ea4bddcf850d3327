/**
 * Cards: what of a post all see alike, and what rarely changes. Where there is Memcached they come from there. A card names the
 * version of the post that it shows (posts.card_version, counted by triggers), and each reader compares it with the post's own,
 * which he reads fresh anyway to know whether he may see it: so no card can be out of date, whatever a cache has missed. Only
 * published posts have one there: what changes before that is counted by nobody. Within this process the texts that came are read once.
 */
import type { PostId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { ServerDown } from '../../infra/server-down.ts';
import * as store from './store.ts';

/** Another one with each change of what a card holds: the code before reads its own. */
const SHAPE = 2;
const PARSED_MS = 60_000;
/** In memory, for each character of its text: that, what it says, and its photos as they are shown. */
const PARSED_BYTES = 5;

/**
 * The cards of those posts that are there. `versions`: of all that are there, as they stand now; resolved beside the look-up, so
 * that the two take the time of one. `mayLag`: without Memcached replicas may answer.
 */
export async function findCards(
  app: App,
  postIds: PostId[],
  versions: Promise<ReadonlyMap<PostId, number>>,
  options: { mayLag: boolean },
): Promise<Map<PostId, store.PostCardRow>> {
  if (postIds.length === 0) return new Map();
  if (!app.memcached) {
    app.metrics.countCards('loaded', postIds.length);
    return loadCards(app, postIds, options);
  }
  const [cards, current] = await Promise.all([readCards(app, postIds), versions]);
  const wrong = [...current].flatMap(([postId, version]) =>
    cards.get(postId)?.card_version === version ? [] : [postId],
  );
  if (wrong.length === 0) return cards;
  const stale = wrong.filter((postId) => cards.has(postId));
  if (stale.length > 0) await app.memcached.forget(stale.map(keyOf)).catch(unlessDown);
  for (const [postId, card] of await loadCards(app, wrong, { mayLag: false })) cards.set(postId, card);
  return cards;
}

async function readCards(app: App, postIds: PostId[]): Promise<Map<PostId, store.PostCardRow>> {
  const keys = postIds.map(keyOf);
  const texts = await app.memcached?.readThrough(keys, async (missing) => {
    const wanted = new Set(missing);
    const rows = await store.selectPosts(
      app.shards,
      postIds.filter((postId) => wanted.has(keyOf(postId))),
      { mayLag: false },
    );
    const published = rows.filter(({ state }) => state === 'published');
    return new Map(published.map((row) => [keyOf(row.post_id), JSON.stringify(cardOf(row))]));
  });
  const cards = new Map<PostId, store.PostCardRow>();
  const bad: PostId[] = [];
  for (const postId of postIds) {
    const text = texts?.get(keyOf(postId));
    if (text === undefined) continue;
    const card = parseOnce(app, postId, text);
    if (card) cards.set(postId, card);
    else bad.push(postId);
  }
  if (bad.length === 0) return cards;
  await app.memcached?.forget(bad.map(keyOf)).catch(unlessDown);
  return new Map([...cards, ...(await loadCards(app, bad, { mayLag: false }))]);
}

async function loadCards(
  app: App,
  postIds: PostId[],
  options: { mayLag: boolean },
): Promise<Map<PostId, store.PostCardRow>> {
  const rows = await store.selectPosts(app.shards, postIds, options);
  return new Map(rows.map((row) => [row.post_id, cardOf(row)]));
}

function cardOf({
  post_id,
  account_id,
  caption,
  place_name,
  created_at,
  card_version,
  photos,
  people,
}: store.PostCardRow): store.PostCardRow {
  return { post_id, account_id, caption, place_name, created_at, card_version, photos, people };
}

/** Null for what is no card of this post: whatever stands in a cache is not taken on trust. */
function parseOnce(app: App, postId: PostId, text: string): store.PostCardRow | null {
  const key = `card:${postId}`;
  const known = app.cache.get<{ text: string; card: store.PostCardRow }>(key);
  if (known?.text === text) return known.card;
  const card = parse(text);
  if (card?.post_id !== postId) return null;
  app.cache.set(key, { text, card }, PARSED_MS, text.length * PARSED_BYTES);
  return card;
}

function parse(text: string): store.PostCardRow | null {
  try {
    const card = JSON.parse(text);
    const isCard =
      typeof card.caption === 'string' &&
      Array.isArray(card.photos) &&
      (card.people === null || Array.isArray(card.people));
    return isCard ? { ...card, created_at: new Date(card.created_at) } : null;
  } catch {
    return null;
  }
}

function unlessDown(error: unknown): void {
  if (!(error instanceof ServerDown)) throw error;
}

function keyOf(postId: PostId): string {
  return `post:${SHAPE}:${postId}`;
}
