import { useState } from 'react';
import { useLocation } from 'wouter';
import type { AccountWithRelationship } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { useBlock, useFollow } from '../api/graph.ts';
import { paths } from '../paths.ts';
import { Button } from '../ui/Button.tsx';
import { ConfirmDialog } from '../ui/Dialog.tsx';

type FollowButtonProps = { account: AccountWithRelationship; isSmall?: boolean; isWide?: boolean };

const SAYS = { no: 'Follow', requested: 'Requested', yes: 'Following' } as const;

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
        aria-label={`Unblock ${handle}`}
        onClick={() => block.mutate(false)}
      >
        Unblock
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
  const says = isNew && relationship.followsYou ? 'Follow back' : SAYS[relationship.following];
  return (
    <>
      <Button
        look={isNew ? 'solid' : 'quiet'}
        isSmall={isSmall}
        isWide={isWide}
        aria-label={`${says} ${handle}`}
        onClick={press}
      >
        {says}
      </Button>
      {asks && (
        <ConfirmDialog
          title={relationship.following === 'requested' ? 'Take back your request?' : `Unfollow ${handle}?`}
          text={`This account is private: to see its posts you would have to ask again.`}
          confirm={relationship.following === 'requested' ? 'Take back' : 'Unfollow'}
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
