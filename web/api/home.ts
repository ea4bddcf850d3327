/**
 * How the first screen comes: what this browser showed last is drawn at once, and replaced when the server answers. Somebody
 * who has scrolled already is not moved: the posts on his screen are only brought up to date. Everything of an account is
 * forgotten when it signs out, or another one signs in.
 */
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { isNewer } from '../../core/ids.ts';
import type { PostCard } from '../../core/shapes.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import type { FirstData } from '../first-data.ts';
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
import { rememberSignedIn, wasSignedIn } from '../state/signed-in-hint.ts';
import { fetchMe, meQuery, nobodyIfSignedOut } from './accounts.ts';
import { patchPost } from './cache.ts';
import { ApiError, type Page } from './client.ts';
import { keys } from './keys.ts';
import { withWishes } from './outbox.ts';
import { fetchFeed, fetchHome, prefetchFeed } from './posts.ts';

type Feed = InfiniteData<Page<PostCard>, string | null>;

const PAGES_MAX = 3;
/** So long the first screen waits for what this browser kept. */
const READ_MS = 500;
const WRITE_AFTER_MS = 500;
/** So far from the top somebody is reading. */
const READING_PX = 80;

/**
 * Resolves when the first screen can be drawn. `drawn`: what the server has drawn of it. `isEntrance`: whoever comes
 * to sign in perhaps is signed out, whatever was shown last.
 */
export async function startHome(
  client: QueryClient,
  { isHome, isEntrance, drawn }: { isHome: boolean; isEntrance: boolean; drawn: FirstData['kind'] | null },
): Promise<void> {
  if (drawn === 'home') {
    rememberSignedIn(true);
    void readLastSeen().then((seen) => keepLastSeen(client, seen?.me.id ?? 'somebody'));
    return;
  }
  if (drawn) {
    if (wasSignedIn()) forgetPersonal();
    return keepLastSeen(client, null);
  }
  const isFeedKept = client.getQueryData(keys.feed) !== undefined;
  const isSomebodys = wasSignedIn();
  const home = isHome && isSomebodys && !isFeedKept ? fetchHome() : null;
  prefetchMe(client, home);
  const asked = home?.then(({ feed }) => feed);
  asked?.catch(() => undefined);
  const reading = isSomebodys ? readLastSeen() : Promise.resolve(null);
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), READ_MS));
  const seen = await Promise.race([reading, late]);
  if (seen && !isEntrance) await restore(client, seen);
  keepLastSeen(client, seen?.me.id ?? (isSomebodys ? 'somebody' : null));
  if (!asked) return;
  if (seen?.feed.length) return void refresh(client, asked);
  prefetchFeed(client, asked);
  asked.catch(async () => {
    const slow = await reading;
    if (slow && (await restore(client, slow))) void refresh(client, fetchFeed());
  });
}

/** Comes with the home page's first request, where there is one, and so does what is unread; else it is asked for by itself. */
function prefetchMe(client: QueryClient, home: Promise<{ me: Me }> | null): void {
  let first = home?.then(({ me }) => {
    client.setQueryData(keys.unread, { count: me.unreadActivity });
    return me;
  });
  void client.prefetchQuery({
    ...meQuery,
    queryFn: async () => {
      const current = first?.catch(() => fetchMe()) ?? fetchMe();
      first = undefined;
      return await current.catch(nobodyIfSignedOut);
    },
  });
}

/** Gives whether the feed is now the one that was seen last. */
async function restore(client: QueryClient, seen: LastSeen): Promise<boolean> {
  const known = client.getQueryData<Me | null>(keys.me);
  // The server may have been quicker, and then knows better.
  if (known !== undefined && known?.id !== seen.me.id) return false;
  if (!known) {
    client.setQueryData(keys.me, seen.me, { updatedAt: 1 });
    client.setQueryData(keys.unread, { count: seen.unread });
  }
  if (seen.feed.length === 0 || client.getQueryData(keys.feed) !== undefined) return false;
  const feed: Feed = { pages: seen.feed, pageParams: pageParamsOf(seen.feed) };
  const wished = await withWishes(seen.me.id, seen.feed);
  client.setQueryData<Feed>(keys.feed, { ...feed, pages: wished });
  return true;
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

/** What was wished without a network is shown as done, also on a page that the server drew, which knows nothing of it. */
export async function showWishes(client: QueryClient, accountId: string): Promise<void> {
  const before = client.getQueryData<Feed>(keys.feed);
  if (!before) return;
  const pages = await withWishes(accountId, before.pages);
  if (pages !== before.pages)
    client.setQueryData<Feed>(keys.feed, (feed) => (feed === before ? { ...feed, pages } : feed));
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

/**
 * Writes down what the home page shows, whenever that has changed; and forgets it with the account. `owner`: the account that
 * what is written down belongs to; 'somebody' where the browser was too slow to say whose it is; null where nothing is there.
 */
function keepLastSeen(client: QueryClient, owner: string | null): void {
  let ownerId = owner;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const writeNow = () => {
    clearTimeout(timer);
    timer = undefined;
    const seen = lastSeenOf(client);
    // Without room there is nothing to see without a network, and all else goes on.
    if (seen) writeLastSeen(seen).catch(() => undefined);
  };
  /** Gives whether somebody else has taken the place of an account that is known. */
  const checkOwner = (me: Me | null): boolean => {
    const viewerId = me?.id ?? null;
    if (viewerId === ownerId) return false;
    clearTimeout(timer);
    timer = undefined;
    const isAnother = ownerId !== null && ownerId !== 'somebody' && viewerId !== null;
    if (isAnother || viewerId === null) forgetPersonal();
    ownerId = viewerId;
    return isAnother;
  };
  const known = client.getQueryData<Me | null>(keys.me);
  // The server may have answered while the browser looked for what it wrote down.
  if (known !== undefined) {
    checkOwner(known);
    timer = setTimeout(writeNow, WRITE_AFTER_MS);
  }
  client.getQueryCache().subscribe(({ type, query }) => {
    if (type !== 'updated' || query.state.data === undefined) return;
    const [kind] = query.queryKey;
    if (kind === 'me' && checkOwner(query.state.data as Me | null))
      client.removeQueries({ predicate: (each) => each.queryKey[0] !== 'me' });
    if (kind === 'me' || kind === 'unread' || query.queryKey[1] === 'feed')
      timer ??= setTimeout(writeNow, WRITE_AFTER_MS);
  });
  document.addEventListener('visibilitychange', () => document.hidden && writeNow());
  window.addEventListener('pagehide', writeNow);
}

function lastSeenOf(client: QueryClient): Parameters<typeof writeLastSeen>[0] | null {
  const me = client.getQueryData<Me | null>(keys.me);
  if (!me) return null;
  const feed = client.getQueryData<Feed>(keys.feed);
  const unread = client.getQueryData<{ count: number }>(keys.unread)?.count ?? me.unreadActivity;
  return { version: LAST_SEEN_VERSION, me, unread, feed: feed?.pages.slice(0, PAGES_MAX) ?? null };
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
