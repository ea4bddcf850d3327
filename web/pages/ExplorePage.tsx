import { Hash, Search, SearchX } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { useSearchFor } from '../api/explore.ts';
import { AccountRow } from '../components/AccountRow.tsx';
import { FollowButton } from '../components/FollowButton.tsx';
import { LoadError } from '../components/LoadError.tsx';
import { Suggestions } from '../components/Suggestions.tsx';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';
import './explore.css';

const TYPING_PAUSE_MS = 200;
const QUERY_MAX = 60;

export function ExplorePage() {
  useTitle(t('common.search'));
  const q = new URLSearchParams(useSearch()).get('q') ?? '';
  const [, navigate] = useLocation();
  const [typed, setTyped] = useState(q);
  useEffect(() => {
    const wanted = typed.trim();
    if (wanted === q) return;
    const timer = setTimeout(() => navigate(paths.explore(wanted), { replace: true }), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, q, navigate]);

  return (
    <div className="page narrow">
      <h1 className="hidden-visually">{t('common.search')}</h1>
      <search className="search">
        <Search aria-hidden size={20} className="search-icon" />
        <input
          type="search"
          className="input"
          aria-label={t('search.searchFor')}
          placeholder={t('search.hint')}
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          dir={typed === '' ? undefined : 'auto'}
          maxLength={QUERY_MAX}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </search>
      {q === '' ? <Suggestions title={t('feed.couldFollow')} /> : <Results q={q} />}
    </div>
  );
}

function Results({ q }: { q: string }) {
  const search = useSearchFor(q);
  if (search.isPending) return <Spinner label={t('search.searching')} />;
  if (search.isError) return <LoadError error={search.error} onRetry={() => void search.refetch()} />;
  const { accounts, hashtags } = search.data;
  if (accounts.length + hashtags.length === 0) {
    return (
      <EmptyState icon={SearchX} title={t('search.nothing', { query: q })} text={t('search.nothingText')} />
    );
  }
  return (
    <section aria-label={t('search.results')} aria-busy={search.isPlaceholderData}>
      <ul className="account-list">
        {accounts.map((account) => (
          <AccountRow key={account.id} account={account}>
            <FollowButton account={account} isSmall />
          </AccountRow>
        ))}
        {hashtags.map(({ tag, postCount }) => (
          <li key={tag} className="account-row">
            <Link href={paths.hashtag(tag)} className="account-row-link">
              <span className="hash-icon">
                <Hash aria-hidden size={22} strokeWidth={1.75} />
              </span>
              <span className="account-row-names">
                <span className="strong" dir="auto">
                  #{tag}
                </span>
                <span className="muted">{t('search.posts', { count: postCount })}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
