import { Archive, Ban, Bookmark, Link2, NotebookPen, Settings, UserMinus } from 'lucide-react';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { Profile } from '../../server/features/accounts/schema.ts';
import { useMe } from '../api/accounts.ts';
import { useBlock, useRemoveFollower } from '../api/graph.ts';
import { Text } from '../i18n/Text.tsx';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { showToast } from '../state/toasts.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Button, buttonClass } from '../ui/Button.tsx';
import { shortCount } from '../ui/count.ts';
import { ConfirmDialog } from '../ui/Dialog.tsx';
import { Menu, type MenuEntry } from '../ui/Menu.tsx';
import { PrivateMark } from './AccountLink.tsx';
import { FollowButton } from './FollowButton.tsx';
import { RichText } from './RichText.tsx';
import { copyLink, shareLink } from './share-link.ts';
import './profile.css';

export function ProfileHeader({ profile }: { profile: Profile }) {
  const { handle, name, bio, relationship } = profile;
  return (
    <header className="profile-head">
      <div className="profile-avatar">
        <Avatar url={profile.avatarLargeUrl ?? profile.avatarUrl} name={name || handle} size="fill" />
      </div>
      <div className="profile-title">
        <h1>
          {handle} {profile.isPrivate && <PrivateMark />}
        </h1>
        {relationship.followsYou && !relationship.isSelf && (
          <span className="tag">{t('profile.followsYou')}</span>
        )}
      </div>
      <Counts profile={profile} />
      <div className="profile-bio">
        {name && (
          <p className="strong" dir="auto">
            {name}
          </p>
        )}
        {bio && (
          <p className="profile-text" dir="auto">
            <RichText text={bio} />
          </p>
        )}
      </div>
      <div className="profile-actions">
        {relationship.isSelf ? <OwnActions handle={handle} /> : <OthersActions profile={profile} />}
      </div>
    </header>
  );
}

function Counts({ profile }: { profile: Profile }) {
  const counts = [
    { count: profile.postCount, id: 'profile.postCount', href: null },
    { count: profile.followerCount, id: 'profile.followerCount', href: paths.followers(profile.handle) },
    { count: profile.followingCount, id: 'profile.followingCount', href: paths.following(profile.handle) },
  ] as const;
  return (
    <ul className="profile-counts">
      {counts.map(({ count, id, href }) => {
        const number = <span className="strong">{shortCount(count)}</span>;
        const text = <Text id={id} values={{ count, number }} />;
        return (
          <li key={id}>
            {href && profile.canSeePosts ? <Link href={href}>{text}</Link> : <span>{text}</span>}
          </li>
        );
      })}
    </ul>
  );
}

function OwnActions({ handle }: { handle: string }) {
  const [, navigate] = useLocation();
  const entries: MenuEntry[] = [
    {
      label: t('common.drafts'),
      icon: <NotebookPen aria-hidden size={20} />,
      run: () => navigate(paths.drafts()),
    },
    {
      label: t('profile.archive'),
      icon: <Archive aria-hidden size={20} />,
      run: () => navigate(paths.archive()),
    },
    {
      label: t('profile.saved'),
      icon: <Bookmark aria-hidden size={20} />,
      run: () => navigate(paths.profile(handle, 'saved')),
    },
    {
      label: t('common.settings'),
      icon: <Settings aria-hidden size={20} />,
      run: () => navigate(paths.settings()),
    },
  ];
  return (
    <>
      <Link href={paths.settings('profile')} className={buttonClass({ isSmall: true })} data-look="quiet">
        {t('profile.editProfile')}
      </Link>
      <Button look="quiet" isSmall onClick={() => void shareLink(paths.profile(handle))}>
        {t('profile.shareProfile')}
      </Button>
      <Menu label={t('profile.moreAbout', { handle })} entries={entries} />
    </>
  );
}

function OthersActions({ profile }: { profile: Profile }) {
  const me = useMe();
  const block = useBlock(profile);
  const removeFollower = useRemoveFollower(profile);
  const [asks, setAsks] = useState(false);
  const { handle, relationship } = profile;
  const entries: MenuEntry[] = [
    {
      label: t('common.copyLink'),
      icon: <Link2 aria-hidden size={20} />,
      run: () => void copyLink(paths.profile(handle)),
    },
  ];
  if (me && relationship.followsYou) {
    entries.push({
      label: t('profile.removeFollower'),
      icon: <UserMinus aria-hidden size={20} />,
      run: () =>
        removeFollower.mutate(undefined, {
          onSuccess: () => showToast(t('profile.followerRemoved', { handle })),
        }),
    });
  }
  if (me) {
    entries.push({
      label: relationship.blocked ? t('common.unblock') : t('profile.block'),
      icon: <Ban aria-hidden size={20} />,
      isDanger: !relationship.blocked,
      run: () => (relationship.blocked ? block.mutate(false) : setAsks(true)),
    });
  }
  return (
    <>
      <FollowButton account={profile} isSmall />
      <Menu label={t('profile.moreAbout', { handle })} entries={entries} />
      {asks && (
        <ConfirmDialog
          title={t('profile.blockTitle', { handle })}
          text={t('profile.blockText')}
          confirm={t('profile.block')}
          onConfirm={() => {
            setAsks(false);
            block.mutate(true);
          }}
          onClose={() => setAsks(false)}
        />
      )}
    </>
  );
}
