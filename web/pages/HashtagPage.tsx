import { Hash } from 'lucide-react';
import { useHashtag } from '../api/explore.ts';
import { LoadError } from '../components/LoadError.tsx';
import { MorePages } from '../components/MorePages.tsx';
import { PostGrid } from '../components/PostGrid.tsx';
import { counted } from '../ui/count.ts';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';
import './explore.css';

export function HashtagPage({ tag }: { tag: string }) {
  useTitle(`#${tag}`);
  const posts = useHashtag(tag);
  if (posts.isPending) return <Spinner />;
  if (posts.isError && posts.items.length === 0) {
    return <LoadError error={posts.error} onRetry={() => void posts.refetch()} />;
  }
  const [first] = posts.data?.pages ?? [];
  return (
    <div className="page profile-page">
      <header className="hashtag-head">
        <h1 dir="auto">#{first?.tag ?? tag}</h1>
        <p className="muted">{counted(first?.postCount ?? 0, 'post', 'posts')}</p>
      </header>
      {posts.items.length === 0 ? (
        <EmptyState
          icon={Hash}
          title="No posts to show"
          text={`A post with #${tag} in its caption would be here.`}
        />
      ) : (
        <PostGrid posts={posts.items} />
      )}
      <MorePages pages={posts} />
    </div>
  );
}
