import { useQueryClient } from '@tanstack/react-query';
import { CircleCheck } from 'lucide-react';
import { useEffect } from 'react';
import { useMe } from '../api/accounts.ts';
import { refreshFeed, useFeed } from '../api/posts.ts';
import { EmailNotice } from '../components/EmailNotice.tsx';
import { LoadError } from '../components/LoadError.tsx';
import { MorePages } from '../components/MorePages.tsx';
import { PartialNotice } from '../components/PartialNotice.tsx';
import { PostView } from '../components/PostView.tsx';
import { Suggestions } from '../components/Suggestions.tsx';
import { WelcomeMember } from '../components/WelcomeMember.tsx';
import { isReturn } from '../navigation.ts';
import { Spinner } from '../ui/Spinner.tsx';
import { useMedia } from '../ui/use-media.ts';
import { useTitle } from '../ui/use-title.ts';

/** Photos that may be on the screen before anything is scrolled. */
const FIRST_POSTS = 2;
/** From here on there is room beside the feed: see post.css. */
const WIDE = '(min-width: 1240px)';

export function FeedPage() {
  useTitle(undefined);
  const me = useMe();
  const feed = useFeed();
  const client = useQueryClient();
  const isWide = useMedia(WIDE);
  useEffect(() => {
    if (!isReturn()) refreshFeed(client);
  }, [client]);
  if (feed.isPending) return <Spinner />;
  if (feed.isError && feed.items.length === 0)
    return <LoadError error={feed.error} onRetry={() => void feed.refetch()} />;
  if (feed.items.length === 0 && me && !feed.isPartial) {
    return <WelcomeMember me={me} onReady={() => refreshFeed(client)} />;
  }
  return (
    <div className="feed-page">
      <div className="feed">
        <h1 className="hidden-visually">Home</h1>
        {me && <EmailNotice me={me} />}
        {feed.items.length > 0 && <PartialNotice pages={feed} />}
        {feed.items.map((post, at) => (
          <PostView key={post.id} post={post} isFirst={at < FIRST_POSTS} />
        ))}
        <MorePages pages={feed.items.length > 0 ? { ...feed, isPartial: false } : feed} />
        {!feed.hasNextPage && !feed.isPartial && (
          <footer className="feed-end">
            <CircleCheck aria-hidden size={34} strokeWidth={1.25} />
            <p className="strong">You're all caught up</p>
            <p className="muted">That is everything from the people you follow.</p>
          </footer>
        )}
      </div>
      {isWide && (
        <aside className="feed-side">
          <div>
            <Suggestions title="People you could follow" max={5} />
          </div>
        </aside>
      )}
    </div>
  );
}
