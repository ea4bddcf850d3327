import { useState } from 'react';
import { useLocation } from 'wouter';
import type { AccountWithRelationship } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { useBlock, useFollow } from '../api/graph.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { Button } from '../ui/Button.tsx';
import { ConfirmDialog } from '../ui/Dialog.tsx';

type FollowButtonProps = { account: AccountWithRelationship; isSmall?: boolean; isWide?: boolean };

/** What the button shows, and its whole name. */
const SAYS = {
  no: ['common.follow', 'common.followNamed'],
  back: ['common.followBack', 'common.followBackNamed'],
  requested: ['common.requested', 'common.requestedNamed'],
  yes: ['common.following', 'common.followingNamed'],
} as const;

export function FollowButton({ account, isSmall, isWide }: FollowButtonProps) {
  const me = useMe();
  const follow = useFollow(account);
  const block = useBlock(account);
  const [asks, setAsks] = useState(false);
  const [path, navigate] = useLocation();
  const { relationship, handle } = account;
  if (relationship.isSelf) return null;

  if (relationship.blocked) {
    return (
      <Button
        look="quiet"
        isSmall={isSmall}
        isWide={isWide}
        aria-label={t('common.unblockNamed', { handle })}
        onClick={() => block.mutate(false)}
      >
        {t('common.unblock')}
      </Button>
    );
  }
  const press = () => {
    if (!me) navigate(paths.signIn(path));
    else if (relationship.following === 'no') follow.mutate(true);
    // To follow a private account again takes its consent again: this cannot be undone, so it asks.
    else if (account.isPrivate) setAsks(true);
    else follow.mutate(false);
  };
  const isNew = relationship.following === 'no';
  const [says, named] = SAYS[isNew && relationship.followsYou ? 'back' : relationship.following];
  return (
    <>
      <Button
        look={isNew ? 'solid' : 'quiet'}
        isSmall={isSmall}
        isWide={isWide}
        aria-label={t(named, { handle })}
        onClick={press}
      >
        {t(says)}
      </Button>
      {asks && (
        <ConfirmDialog
          title={
            relationship.following === 'requested'
              ? t('common.takeBackTitle')
              : t('common.unfollowTitle', { handle })
          }
          text={t('common.askAgain')}
          confirm={relationship.following === 'requested' ? t('common.takeBack') : t('common.unfollow')}
          onConfirm={() => {
            setAsks(false);
            follow.mutate(false);
          }}
          onClose={() => setAsks(false)}
        />
      )}
    </>
  );
}
