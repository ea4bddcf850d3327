import { Ban, Bookmark, Camera, Lock, UserRoundCheck, UserX } from 'lucide-react';
import { Link, Redirect } from 'wouter';
import type { Profile } from '../../server/features/accounts/schema.ts';
import { useProfile } from '../api/accounts.ts';
import { isNowhere } from '../api/client.ts';
import { useAccountPosts, useSavedPosts, useTaggedPosts } from '../api/posts.ts';
import { LoadError } from '../components/LoadError.tsx';
import { NotHere } from '../components/NotHere.tsx';
import { ProfileHeader } from '../components/ProfileHeader.tsx';
import { ProfileTabs } from '../components/ProfileTabs.tsx';
import { SquarePages } from '../components/SquarePages.tsx';
import { t } from '../i18n/text.ts';
import { type ProfileTab, paths } from '../paths.ts';
import { buttonClass } from '../ui/Button.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';

const TITLES = { posts: 'feed.posts', tagged: 'profile.tagged', saved: 'profile.saved' } as const;

type ProfilePageProps = { handle: string; tab: ProfileTab };

export function ProfilePage({ handle, tab }: ProfilePageProps) {
  const query = useProfile(handle);
  const profile = query.data;
  useTitle(
    profile ? (profile.name ? `${profile.name} (@${profile.handle})` : `@${profile.handle}`) : `@${handle}`,
  );
  if (query.isPending) return <Spinner isPage />;
  if (isNowhere(query.error))
    return <NotHere icon={UserX} title={t('profile.notHere')} text={t('profile.notHereText')} />;
  if (!profile) return <LoadError isPage error={query.error} onRetry={() => void query.refetch()} />;
  if (tab === 'saved' && !profile.relationship.isSelf)
    return <Redirect to={paths.profile(profile.handle)} replace />;
  return (
    <div className="page profile-page">
      <ProfileHeader profile={profile} />
      <Shown profile={profile} tab={tab} />
    </div>
  );
}

function Shown({ profile, tab }: { profile: Profile; tab: ProfileTab }) {
  const { relationship, canSeePosts, handle } = profile;
  if (relationship.blocked || !canSeePosts) {
    return (
      <section className="profile-posts" aria-label={t('feed.posts')}>
        <Closed profile={profile} />
      </section>
    );
  }
  return (
    <>
      <ProfileTabs handle={handle} isSelf={relationship.isSelf} shown={tab} />
      <section className="profile-posts" aria-label={t(TITLES[tab])} key={tab}>
        {tab === 'tagged' ? (
          <Tagged profile={profile} />
        ) : tab === 'saved' ? (
          <Saved />
        ) : (
          <Posts profile={profile} />
        )}
      </section>
    </>
  );
}

/** Why nothing is to be seen. */
function Closed({ profile: { relationship, handle } }: { profile: Profile }) {
  if (relationship.blocked) {
    return (
      <EmptyState icon={Ban} title={t('profile.blockedTitle', { handle })} text={t('profile.blockedText')} />
    );
  }
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

function Posts({ profile }: { profile: Profile }) {
  const posts = useAccountPosts(profile.id);
  return <SquarePages pages={posts} showsPins empty={<NoPosts isSelf={profile.relationship.isSelf} />} />;
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

function Tagged({ profile: { id, handle, relationship } }: { profile: Profile }) {
  const posts = useTaggedPosts(id);
  const text = relationship.isSelf ? t('profile.noTaggedYouText') : t('profile.noTaggedText', { handle });
  return (
    <SquarePages
      pages={posts}
      empty={<EmptyState icon={UserRoundCheck} title={t('profile.noTagged')} text={text} />}
    />
  );
}

function Saved() {
  const posts = useSavedPosts();
  return (
    <>
      <p className="profile-hint muted">{t('profile.onlyYouSaved')}</p>
      <SquarePages
        pages={posts}
        empty={
          <EmptyState
            icon={Bookmark}
            title={t('profile.nothingSaved')}
            text={t('profile.nothingSavedText')}
          />
        }
      />
    </>
  );
}
