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
import { t } from '../i18n/text.ts';
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
    return <EmptyState icon={UserX} title={t('profile.notHere')} text={t('profile.notHereText')} />;
  }
  if (!profile) return <LoadError error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <div className="page profile-page">
      <ProfileHeader profile={profile} />
      <section className="profile-posts" aria-label={t('feed.posts')}>
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
    return (
      <EmptyState icon={Ban} title={t('profile.blockedTitle', { handle })} text={t('profile.blockedText')} />
    );
  }
  if (!canSeePosts) {
    return (
      <EmptyState
        icon={Lock}
        title={t('profile.privateTitle')}
        text={
          relationship.following === 'requested'
            ? t('profile.requestSent', { handle })
            : t('profile.followToSee', { handle })
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
  if (!isSelf) return <EmptyState icon={Camera} title={t('profile.noPosts')} />;
  return (
    <EmptyState icon={Camera} title={t('profile.firstPhoto')} text={t('profile.firstPhotoText')}>
      <Link href={paths.newPost()} className={buttonClass({})} data-look="solid">
        {t('common.newPost')}
      </Link>
    </EmptyState>
  );
}
