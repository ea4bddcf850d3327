import { useQueryClient } from '@tanstack/react-query';
import { CircleCheck } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { Redirect } from 'wouter';
import { isNewer } from '../../core/ids.ts';
import type { PostCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { showWishes } from '../api/home.ts';
import { lookForNewPosts } from '../api/new-posts.ts';
import { refreshFeed, useFeed } from '../api/posts.ts';
import { EmailNotice } from '../components/EmailNotice.tsx';
import { LoadError } from '../components/LoadError.tsx';
import { MorePages } from '../components/MorePages.tsx';
import { NewPostsPill } from '../components/NewPostsPill.tsx';
import { PartialNotice } from '../components/PartialNotice.tsx';
import { PostView } from '../components/PostView.tsx';
import { Suggestions } from '../components/Suggestions.tsx';
import { useSeenMark } from '../components/use-seen-mark.ts';
import { WelcomeMember } from '../components/WelcomeMember.tsx';
import { t } from '../i18n/text.ts';
import { useWatchedPosts } from '../live/use-live.ts';
import { isReturn, useKeptHere } from '../navigation.ts';
import { paths } from '../paths.ts';
import { wantsFirstRun } from '../state/first-run.ts';
import { Spinner } from '../ui/Spinner.tsx';
import { useMedia } from '../ui/use-media.ts';
import { useTitle } from '../ui/use-title.ts';
import { Windowed } from '../ui/Windowed.tsx';

/** Photos that may be on the screen before anything is scrolled. */
const FIRST_POSTS = 2;
/** From here on there is room beside the feed: see post.css. */
const WIDE = '(min-width: 1240px)';

const LOOK_EVERY_MS = 30_000;
const WATCHED_TOGETHER = 10;

export function FeedPage() {
  useTitle(undefined);
  const me = useMe();
  const accountId = me?.id;
  const feed = useFeed();
  const client = useQueryClient();
  const isWide = useMedia(WIDE);
  const kept = useKeptHere();
  const mark = useSeenMark(accountId, feed.items[0]?.id);
  const seenAt = mark === null ? 0 : feed.items.findIndex((post) => !isNewer(post.id, mark));
  const goToTop = useTopOf(feed.dataUpdatedAt);
  useEffect(() => {
    if (!isReturn()) refreshFeed(client);
  }, [client]);
  useEffect(() => {
    if (accountId) void showWishes(client, accountId);
  }, [client, accountId]);
  useLookForNew(feed.dataUpdatedAt);
  if (me && wantsFirstRun(me)) return <Redirect to={paths.firstRun()} replace />;
  if (feed.isPending) return <Spinner isPage />;
  if (feed.isError && feed.items.length === 0)
    return <LoadError isPage error={feed.error} onRetry={() => void feed.refetch()} />;
  if (feed.items.length === 0 && me && !feed.isPartial) {
    return <WelcomeMember me={me} onReady={() => refreshFeed(client)} />;
  }
  return (
    <div className="feed-page">
      <div className="feed">
        <h1 className="hidden-visually">{t('common.home')}</h1>
        {me && <EmailNotice me={me} />}
        <NewPostsPill onBrought={goToTop} />
        {feed.items.length > 0 && <PartialNotice pages={feed} />}
        <Windowed
          name="feed"
          kept={kept}
          items={feed.items}
          keyOf={(post) => post.id}
          chunk={1}
          className="feed-post"
          render={(posts, at) => (
            <>
              {at > 0 && at === seenAt && <Seen />}
              <Watched posts={blockAround(feed.items, at)} />
              {posts.map((post) => (
                <PostView key={post.id} post={post} isFirst={at < FIRST_POSTS} />
              ))}
            </>
          )}
        />
        <MorePages pages={feed.items.length > 0 ? { ...feed, isPartial: false } : feed} />
        {!feed.hasNextPage && !feed.isPartial && (
          <footer className="feed-end">
            <CircleCheck aria-hidden size={34} strokeWidth={1.25} />
            <p className="strong">{t('feed.caughtUp')}</p>
            <p className="muted">{t('feed.caughtUpText')}</p>
          </footer>
        )}
      </div>
      {isWide && (
        <div className="feed-side">
          <div>
            <Suggestions title={t('feed.couldFollow')} max={5} />
          </div>
        </div>
      )}
    </div>
  );
}

/** What is drawn is watched, in whole blocks: so the stream is opened anew once a block, and not for each post. */
function Watched({ posts }: { posts: PostCard[] }) {
  useWatchedPosts(posts.filter(({ state }) => state === 'published').map(({ id }) => id));
  return null;
}

function blockAround(posts: readonly PostCard[], at: number): PostCard[] {
  const start = at - (at % WATCHED_TOGETHER);
  return posts.slice(start, start + WATCHED_TOGETHER);
}

/** Where the new posts end. */
function Seen() {
  return (
    <div className="feed-seen">
      <CircleCheck aria-hidden size={34} strokeWidth={1.25} />
      <p className="strong">{t('feed.caughtUp')}</p>
      <p className="muted">{t('feed.seenBefore')}</p>
    </div>
  );
}

/** After this feed came, it is seen from its top: in that very frame, so that nothing is seen to move. */
function useTopOf(updatedAt: number): () => void {
  const wantedAfter = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (wantedAfter.current === null || wantedAfter.current === updatedAt) return;
    wantedAfter.current = null;
    window.scrollTo(0, 0);
  }, [updatedAt]);
  return () => {
    wantedAfter.current = updatedAt;
  };
}

/** Asks for what is new when somebody comes back, to the page or to the window: it is then announced. */
function useLookForNew(updatedAt: number): void {
  const client = useQueryClient();
  const lookedAt = useRef(updatedAt);
  useEffect(() => {
    const look = () => {
      const isDue = Date.now() - Math.max(lookedAt.current, updatedAt) > LOOK_EVERY_MS;
      if (updatedAt === 0 || document.visibilityState !== 'visible' || !isDue) return;
      lookedAt.current = Date.now();
      void lookForNewPosts(client);
    };
    look();
    document.addEventListener('visibilitychange', look);
    window.addEventListener('focus', look);
    window.addEventListener('online', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      window.removeEventListener('focus', look);
      window.removeEventListener('online', look);
    };
  }, [client, updatedAt]);
}
