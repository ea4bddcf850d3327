import { type ReactNode, useState } from 'react';
import type { AccountWithRelationship } from '../../core/shapes.ts';
import type { PagesQuery } from '../api/pages.ts';
import type { Kept } from '../navigation.ts';
import { Spinner } from '../ui/Spinner.tsx';
import { Windowed } from '../ui/Windowed.tsx';
import { AccountRow } from './AccountRow.tsx';
import { FollowButton } from './FollowButton.tsx';
import { LoadError } from './LoadError.tsx';
import { MorePages } from './MorePages.tsx';

type AccountListProps = {
  pages: PagesQuery<AccountWithRelationship>;
  empty: ReactNode;
  /** What stands at the end of each row; a follow button if nothing is given. */
  action?: (account: AccountWithRelationship) => ReactNode;
  /** Of a page of its own, which keeps its place in the list. */
  kept?: Kept;
};

/** Rows that are drawn, or not, together. */
const CHUNK = 20;

export function AccountList({ pages, empty, action, kept }: AccountListProps) {
  const [ownKept] = useState<Kept>({});
  if (pages.isPending) return <Spinner />;
  if (pages.isError && pages.items.length === 0)
    return <LoadError error={pages.error} onRetry={() => void pages.refetch()} />;
  if (pages.items.length === 0) return <p className="list-empty muted">{empty}</p>;
  return (
    <>
      <div className="account-list">
        <Windowed
          name="accounts"
          kept={kept ?? ownKept}
          items={pages.items}
          keyOf={(account) => account.id}
          chunk={CHUNK}
          as="ul"
          render={(part) =>
            part.map((account) => (
              <AccountRow key={account.id} account={account}>
                {action ? action(account) : <FollowButton account={account} isSmall />}
              </AccountRow>
            ))
          }
        />
      </div>
      <MorePages pages={pages} />
    </>
  );
}
