/**
 * How the first screen comes: what this browser showed last is drawn at once, and replaced when the server answers. Somebody
 * who has scrolled already is not moved: the posts on his screen are only brought up to date. Everything of an account is
 * forgotten when it signs out, or another one signs in.
 */
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { isNewer } from '../../core/ids.ts';
import type { PostCard } from '../../core/shapes.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import { keepTrying } from '../state/back-off.ts';
import { setShowsLastSeen } from '../state/freshness.ts';
import {
  forgetLastSeen,
  LAST_SEEN_VERSION,
  type LastSeen,
  readLastSeen,
  writeLastSeen,
} from '../state/last-seen.ts';
import { setNewPosts } from '../state/new-posts.ts';
import { clearRecentSearches } from '../state/recent-searches.ts';
import { forgetPhotos } from '../state/service-worker.ts';
import { wasSignedIn } from '../state/signed-in-hint.ts';
import { fetchMe, meQuery, nobodyIfSignedOut } from './accounts.ts';
import { patchPost } from './cache.ts';
import { ApiError, type Page } from './client.ts';
import { keys } from './keys.ts';
import { withWishes } from './outbox.ts';
import { fetchFeed, fetchHome, prefetchFeed } from './posts.ts';

type Feed = InfiniteData<Page<PostCard>, string | null>;

const PAGES_MAX = 3;
const WRITE_AFTER_MS = 500;
/** So far from the top somebody is reading. */
const READING_PX = 80;

/**
 * Resolves when the first screen can be drawn. `isDrawn`: the server has drawn it, for a stranger. `isEntrance`: whoever comes
 * to sign in perhaps is signed out, whatever was shown last.
 */
export async function startHome(
  client: QueryClient,
  { isHome, isEntrance, isDrawn }: { isHome: boolean; isEntrance: boolean; isDrawn: boolean },
): Promise<void> {
  if (isDrawn) {
    if (wasSignedIn()) forgetPersonal();
    return keepLastSeen(client, null);
  }
  const isFeedKept = client.getQueryData(keys.feed) !== undefined;
  const home = isHome && wasSignedIn() && !isFeedKept ? fetchHome() : null;
  prefetchMe(client, home);
  const asked = home?.then(({ feed }) => feed);
  asked?.catch(() => undefined);
  const seen = wasSignedIn() ? await readLastSeen() : null;
  if (seen && !isEntrance) await restore(client, seen);
  keepLastSeen(client, seen?.me.id ?? null);
  if (!asked) return;
  if (seen?.feed.length) void refresh(client, asked);
  else prefetchFeed(client, asked);
}

/** Comes with the home page's first request, where there is one; tried again, it is asked for by itself. */
function prefetchMe(client: QueryClient, home: Promise<{ me: Me }> | null): void {
  let first = home;
  void client.prefetchQuery({
    ...meQuery,
    queryFn: async () => {
      const current = first?.then(({ me }) => me) ?? fetchMe();
      first = null;
      return await current.catch(nobodyIfSignedOut);
    },
  });
}

async function restore(client: QueryClient, seen: LastSeen): Promise<void> {
  // The server may have been quicker, and then knows better.
  if (client.getQueryData(keys.me) !== undefined) return;
  client.setQueryData(keys.me, seen.me, { updatedAt: 1 });
  client.setQueryData(keys.unread, { count: seen.unread }, { updatedAt: 1 });
  if (seen.feed.length === 0 || client.getQueryData(keys.feed) !== undefined) return;
  const feed: Feed = { pages: seen.feed, pageParams: pageParamsOf(seen.feed) };
  const wished = await withWishes(seen.me.id, seen.feed);
  client.setQueryData<Feed>(keys.feed, { ...feed, pages: wished });
}

/** Tries until the server answers; a refusal (signed out) is shown by whoever asks next. */
async function refresh(client: QueryClient, first: Promise<Page<PostCard>>): Promise<void> {
  let asked: Promise<Page<PostCard>> | null = first;
  const attempt = () => {
    const current = asked ?? fetchFeed();
    asked = null;
    return current;
  };
  try {
    const page = await keepTrying(attempt, {
      signal: new AbortController().signal,
      isPassing: (error) => error instanceof ApiError && (error.status === 0 || error.status >= 500),
      onPause: () => setShowsLastSeen(true),
    });
    await showFresh(client, page);
    if (client.getQueryState(keys.me)?.error) void client.invalidateQueries({ queryKey: keys.me });
  } catch {
    // Signed out elsewhere: /me says so.
  } finally {
    setShowsLastSeen(false);
  }
}

async function showFresh(client: QueryClient, fresh: Page<PostCard>): Promise<void> {
  const accountId = client.getQueryData<Me | null>(keys.me)?.id;
  const [page] = accountId ? await withWishes(accountId, [fresh]) : [fresh];
  if (!page) return;
  if (window.scrollY < READING_PX)
    client.setQueryData<Feed>(keys.feed, { pages: [page], pageParams: [null] });
  else {
    for (const post of page.items) patchPost(client, post.id, () => post);
    announce(client, page);
  }
}

function announce(client: QueryClient, fresh: Page<PostCard>): void {
  const newest = client.getQueryData<Feed>(keys.feed)?.pages[0]?.items[0]?.id;
  if (newest) setNewPosts(fresh.items.filter((post) => isNewer(post.id, newest)).length);
}

/** Writes down what the home page shows, whenever that has changed; and forgets it with the account. */
function keepLastSeen(client: QueryClient, restoredId: string | null): void {
  let ownerId = restoredId;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const writeNow = () => {
    clearTimeout(timer);
    timer = undefined;
    const seen = lastSeenOf(client);
    // Without room there is nothing to see without a network, and all else goes on.
    if (seen) writeLastSeen(seen).catch(() => undefined);
  };
  client.getQueryCache().subscribe(({ type, query }) => {
    if (type !== 'updated' || query.state.data === undefined) return;
    const [kind] = query.queryKey;
    if (kind === 'me') {
      const viewerId = (query.state.data as Me | null)?.id ?? null;
      if (viewerId !== ownerId) {
        clearTimeout(timer);
        if (ownerId && viewerId) client.removeQueries({ predicate: (each) => each.queryKey[0] !== 'me' });
        if (ownerId || !viewerId) forgetPersonal();
        ownerId = viewerId;
      }
    }
    if (kind === 'me' || kind === 'unread' || query.queryKey[1] === 'feed')
      timer ??= setTimeout(writeNow, WRITE_AFTER_MS);
  });
  document.addEventListener('visibilitychange', () => document.hidden && writeNow());
  window.addEventListener('pagehide', writeNow);
}

function lastSeenOf(client: QueryClient): LastSeen | null {
  const me = client.getQueryData<Me | null>(keys.me);
  if (!me) return null;
  const feed = client.getQueryData<Feed>(keys.feed);
  const unread = client.getQueryData<{ count: number }>(keys.unread)?.count ?? me.unreadActivity;
  return { version: LAST_SEEN_VERSION, me, unread, feed: feed?.pages.slice(0, PAGES_MAX) ?? [] };
}

/** The outbox stays: it is sent when its account signs in again. */
function forgetPersonal(): void {
  setShowsLastSeen(false);
  clearRecentSearches();
  forgetLastSeen().catch(() => undefined);
  forgetPhotos().catch(() => undefined);
  import('../state/shared-photos.ts')
    .then(({ takeSharedPhotos }) => takeSharedPhotos())
    .catch(() => undefined);
}

function pageParamsOf(pages: LastSeen['feed']): (string | null)[] {
  return pages.map((_, at) => (at === 0 ? null : (pages[at - 1]?.nextCursor ?? null)));
}
