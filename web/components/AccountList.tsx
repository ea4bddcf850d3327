import type { ReactNode } from 'react';
import type { AccountWithRelationship } from '../../core/shapes.ts';
import type { PagesQuery } from '../api/pages.ts';
import { Spinner } from '../ui/Spinner.tsx';
import { AccountRow } from './AccountRow.tsx';
import { FollowButton } from './FollowButton.tsx';
import { LoadError } from './LoadError.tsx';
import { MorePages } from './MorePages.tsx';

type AccountListProps = {
  pages: PagesQuery<AccountWithRelationship>;
  empty: ReactNode;
  /** What stands at the end of each row; a follow button if nothing is given. */
  action?: (account: AccountWithRelationship) => ReactNode;
};

export function AccountList({ pages, empty, action }: AccountListProps) {
  if (pages.isPending) return <Spinner />;
  if (pages.isError && pages.items.length === 0)
    return <LoadError error={pages.error} onRetry={() => void pages.refetch()} />;
  if (pages.items.length === 0) return <p className="list-empty muted">{empty}</p>;
  return (
    <>
      <ul className="account-list">
        {pages.items.map((account) => (
          <AccountRow key={account.id} account={account}>
            {action ? action(account) : <FollowButton account={account} isSmall />}
          </AccountRow>
        ))}
      </ul>
      <MorePages pages={pages} />
    </>
  );
}
