import { Ban, Link2, UserMinus } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Profile } from '../../server/features/accounts/schema.ts';
import { useMe } from '../api/accounts.ts';
import { useBlock, useRemoveFollower } from '../api/graph.ts';
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
        {relationship.followsYou && !relationship.isSelf && <span className="tag">Follows you</span>}
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
    { count: profile.postCount, one: 'post', many: 'posts', href: null },
    {
      count: profile.followerCount,
      one: 'follower',
      many: 'followers',
      href: paths.followers(profile.handle),
    },
    {
      count: profile.followingCount,
      one: 'following',
      many: 'following',
      href: paths.following(profile.handle),
    },
  ];
  return (
    <ul className="profile-counts">
      {counts.map(({ count, one, many, href }) => {
        const text = (
          <>
            <span className="strong">{shortCount(count)}</span> {count === 1 ? one : many}
          </>
        );
        return (
          <li key={many}>
            {href && profile.canSeePosts ? <Link href={href}>{text}</Link> : <span>{text}</span>}
          </li>
        );
      })}
    </ul>
  );
}

function OwnActions({ handle }: { handle: string }) {
  return (
    <>
      <Link href={paths.settings('profile')} className={buttonClass({ isSmall: true })} data-look="quiet">
        Edit profile
      </Link>
      <Button look="quiet" isSmall onClick={() => void shareLink(paths.profile(handle))}>
        Share profile
      </Button>
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
      label: 'Copy link',
      icon: <Link2 aria-hidden size={20} />,
      run: () => void copyLink(paths.profile(handle)),
    },
  ];
  if (me && relationship.followsYou) {
    entries.push({
      label: 'Remove follower',
      icon: <UserMinus aria-hidden size={20} />,
      run: () =>
        removeFollower.mutate(undefined, {
          onSuccess: () => showToast(`${handle} does not follow you any more`),
        }),
    });
  }
  if (me) {
    entries.push({
      label: relationship.blocked ? 'Unblock' : 'Block',
      icon: <Ban aria-hidden size={20} />,
      isDanger: !relationship.blocked,
      run: () => (relationship.blocked ? block.mutate(false) : setAsks(true)),
    });
  }
  return (
    <>
      <FollowButton account={profile} isSmall />
      <Menu label={`More about ${handle}`} entries={entries} />
      {asks && (
        <ConfirmDialog
          title={`Block ${handle}?`}
          text="You will not see each other's posts, comments and likes, and neither follows the other any more. They are not told."
          confirm="Block"
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
