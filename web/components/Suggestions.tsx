import { Users } from 'lucide-react';
import { useSuggestions } from '../api/explore.ts';
import type { Suggestions as Suggested } from '../api/types.ts';
import { listOf } from '../i18n/list.ts';
import { Text } from '../i18n/Text.tsx';
import { t } from '../i18n/text.ts';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { AccountRow } from './AccountRow.tsx';
import { FollowButton } from './FollowButton.tsx';
import { LoadError } from './LoadError.tsx';

type SuggestionsProps = { title: string; max?: number };

export function Suggestions({ title, max }: SuggestionsProps) {
  const suggestions = useSuggestions();
  if (suggestions.isPending) return <Spinner />;
  if (suggestions.isError)
    return <LoadError error={suggestions.error} onRetry={() => void suggestions.refetch()} />;
  const accounts = suggestions.data.items.slice(0, max);
  if (accounts.length === 0) {
    return max === undefined ? (
      <EmptyState icon={Users} title={t('feed.nobodyHere')} text={t('feed.nobodyHereText')} />
    ) : null;
  }
  return <SuggestedAccounts title={title} accounts={accounts} />;
}

type SuggestedAccountsProps = { title: string; accounts: Suggested['items'] };

export function SuggestedAccounts({ title, accounts }: SuggestedAccountsProps) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ul className="account-list">
        {accounts.map((account) => (
          <AccountRow key={account.id} account={account} note={noteOf(account.followedBy)}>
            <FollowButton account={account} isSmall />
          </AccountRow>
        ))}
      </ul>
    </section>
  );
}

/** "Followed by ann, bob and 3 others", of those whom the viewer follows; else the name stands there. */
function noteOf(followedBy: Suggested['items'][number]['followedBy']) {
  if (!followedBy || followedBy.accounts.length === 0) return undefined;
  const { accounts, count } = followedBy;
  const names = accounts.map(({ id, handle }) => <bdi key={id}>{handle}</bdi>);
  const unnamed = count - accounts.length;
  const who = listOf(unnamed > 0 ? [...names, t('feed.followersMore', { count: unnamed })] : names);
  return <Text id="feed.followedBy" values={{ who }} />;
}
