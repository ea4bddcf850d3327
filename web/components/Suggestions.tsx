import { Users } from 'lucide-react';
import { useSuggestions } from '../api/explore.ts';
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
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ul className="account-list">
        {accounts.map((account) => (
          <AccountRow key={account.id} account={account}>
            <FollowButton account={account} isSmall />
          </AccountRow>
        ))}
      </ul>
    </section>
  );
}
