import { Hash } from 'lucide-react';
import { isGone, isNowhere } from '../api/client.ts';
import { useHashtag } from '../api/explore.ts';
import { LoadError } from '../components/LoadError.tsx';
import { MorePages } from '../components/MorePages.tsx';
import { NotHere } from '../components/NotHere.tsx';
import { PostGrid } from '../components/PostGrid.tsx';
import { t } from '../i18n/text.ts';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';
import './explore.css';

export function HashtagPage({ tag }: { tag: string }) {
  useTitle(`#${tag}`);
  const posts = useHashtag(tag);
  if (posts.isPending) return <Spinner isPage />;
  if (isGone(posts.error))
    return <NotHere icon={Hash} title={t('search.noPosts')} text={t('search.noPostsText', { tag })} />;
  if (isNowhere(posts.error))
    return <NotHere icon={Hash} title={t('common.nothingHere')} text={t('common.nothingHereText')} />;
  if (posts.isError && posts.items.length === 0) {
    return <LoadError isPage error={posts.error} onRetry={() => void posts.refetch()} />;
  }
  const [first] = posts.data?.pages ?? [];
  return (
    <div className="page profile-page">
      <header className="hashtag-head">
        <h1 dir="auto">#{first?.tag ?? tag}</h1>
        <p className="muted">{t('search.posts', { count: first?.postCount ?? 0 })}</p>
      </header>
      {posts.items.length === 0 ? (
        <EmptyState icon={Hash} title={t('search.noPosts')} text={t('search.noPostsText', { tag })} />
      ) : (
        <PostGrid posts={posts.items} />
      )}
      <MorePages pages={posts} />
    </div>
  );
}
