import { Ban, Camera, Lock, UserX } from 'lucide-react';
import { Link } from 'wouter';
import type { Profile } from '../../server/features/accounts/schema.ts';
import { useProfile } from '../api/accounts.ts';
import { isGone } from '../api/client.ts';
import { useAccountPosts } from '../api/posts.ts';
import { LoadError } from '../components/LoadError.tsx';
import { MorePages } from '../components/MorePages.tsx';
import { PostGrid } from '../components/PostGrid.tsx';
import { ProfileHeader } from '../components/ProfileHeader.tsx';
import { paths } from '../paths.ts';
import { buttonClass } from '../ui/Button.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';

export function ProfilePage({ handle }: { handle: string }) {
  const query = useProfile(handle);
  const profile = query.data;
  useTitle(
    profile ? (profile.name ? `${profile.name} (@${profile.handle})` : `@${profile.handle}`) : `@${handle}`,
  );
  if (query.isPending) return <Spinner />;
  if (isGone(query.error)) {
    return (
      <EmptyState
        icon={UserX}
        title="This account is not here"
        text="The link may be mistyped, or the account is gone."
      />
    );
  }
  if (!profile) return <LoadError error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <div className="page profile-page">
      <ProfileHeader profile={profile} />
      <section className="profile-posts" aria-label="Posts">
        <ProfilePosts profile={profile} />
      </section>
    </div>
  );
}

function ProfilePosts({ profile }: { profile: Profile }) {
  const { relationship, canSeePosts, handle } = profile;
  const isShown = canSeePosts && !relationship.blocked;
  const posts = useAccountPosts(profile.id, isShown);
  if (relationship.blocked) {
    return <EmptyState icon={Ban} title={`You blocked ${handle}`} text="Unblock to see their posts again." />;
  }
  if (!canSeePosts) {
    return (
      <EmptyState
        icon={Lock}
        title="This account is private"
        text={
          relationship.following === 'requested'
            ? `Your request was sent. When ${handle} accepts it, you will see the photos here.`
            : `Follow ${handle} to see the photos.`
        }
      />
    );
  }
  if (posts.isPending) return <Spinner />;
  if (posts.isError && posts.items.length === 0) {
    return <LoadError error={posts.error} onRetry={() => void posts.refetch()} />;
  }
  if (posts.items.length === 0) return <NoPosts isSelf={relationship.isSelf} />;
  return (
    <>
      <PostGrid posts={posts.items} />
      <MorePages pages={posts} />
    </>
  );
}

function NoPosts({ isSelf }: { isSelf: boolean }) {
  if (!isSelf) return <EmptyState icon={Camera} title="No posts yet" />;
  return (
    <EmptyState icon={Camera} title="Share your first photo" text="Your posts will be here, in a grid.">
      <Link href={paths.newPost()} className={buttonClass({})} data-look="solid">
        New post
      </Link>
    </EmptyState>
  );
}
