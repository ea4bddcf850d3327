import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { isNewer } from '../../core/ids.ts';
import type { PostCard } from '../../core/shapes.ts';
import { setNewPosts } from '../state/new-posts.ts';
import { showToast } from '../state/toasts.ts';
import { type Page, sentenceOf } from './client.ts';
import { keys } from './keys.ts';
import { fetchFeed, fetchPost } from './posts.ts';

type FeedPages = InfiniteData<Page<PostCard>>;

const ASKED_MAX = 5;

/**
 * Counts the posts that are newer than the feed on the screen, and leaves that as it is, but for posts that are gone. Without
 * an answer, nothing is said.
 */
export async function lookForNewPosts(client: QueryClient): Promise<void> {
  if (!newestOf(client)) return;
  const page = await fetchFeed().catch(() => null);
  const newest = newestOf(client);
  if (!page || !newest) return;
  setNewPosts(page.items.filter((post) => isNewer(post.id, newest)).length);
  if (!page.isPartial) await askForMissing(client, page);
}

/** A list of the feed may be a moment older than the screen: so what it does not have is asked for by itself. */
async function askForMissing(client: QueryClient, fresh: Page<PostCard>): Promise<void> {
  const there = new Set(fresh.items.map(({ id }) => id));
  const last = fresh.items.at(-1);
  const shown = client.getQueryData<FeedPages>(keys.feed)?.pages.flatMap(({ items }) => items) ?? [];
  const missing = shown.filter(
    ({ id }) => !there.has(id) && (fresh.nextCursor === null || (last && isNewer(id, last.id))),
  );
  await Promise.all(
    missing.slice(0, ASKED_MAX).map(({ id }) => fetchPost(client, id).catch(() => undefined)),
  );
}

/** The feed anew, from its first page; whether it came. What is on the screen stays until then. */
export async function bringNewPosts(client: QueryClient): Promise<boolean> {
  try {
    const page = await fetchFeed();
    client.setQueryData<FeedPages>(keys.feed, { pages: [page], pageParams: [null] });
    setNewPosts(0);
    return true;
  } catch (error) {
    showToast(sentenceOf(error));
    return false;
  }
}

function newestOf(client: QueryClient): string | undefined {
  return client.getQueryData<FeedPages>(keys.feed)?.pages[0]?.items[0]?.id;
}
