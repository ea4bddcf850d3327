import { Search, SearchX, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useMe } from '../api/accounts.ts';
import { useSearchFor } from '../api/explore.ts';
import type { SearchReply } from '../api/types.ts';
import { FollowButton } from '../components/FollowButton.tsx';
import { LoadError } from '../components/LoadError.tsx';
import { type SearchEntry, SearchRows } from '../components/SearchRows.tsx';
import { Suggestions } from '../components/Suggestions.tsx';
import { useCombobox } from '../components/use-combobox.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import {
  addRecentSearch,
  clearRecentSearches,
  nameOf,
  type RecentSearch,
  readRecentSearches,
  removeRecentSearch,
} from '../state/recent-searches.ts';
import { Button, IconButton } from '../ui/Button.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';
import './explore.css';

const TYPING_PAUSE_MS = 200;
const QUERY_MAX = 60;

export function ExplorePage() {
  useTitle(t('common.search'));
  const { q, typed, setTyped } = useTyped();
  const [, navigate] = useLocation();
  const { recent, add, remove, clear } = useRecentSearches(useMe()?.id ?? '');
  const search = useSearchFor(q);
  const entries =
    q === '' ? recent.map((each) => recentEntry(each, () => remove(each))) : entriesOf(search.data);
  const open = (entry: SearchEntry) => {
    add(entry);
    navigate(entry.kind === 'account' ? paths.profile(entry.account.handle) : paths.hashtag(entry.tag));
  };
  const combobox = useCombobox(entries.length, (at) => {
    const entry = entries[at];
    if (entry) open(entry);
  });
  const rows = { entries, combobox, onOpen: add };

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
          onChange={(event) => {
            setTyped(event.target.value);
            combobox.forget();
          }}
          {...combobox.input}
        />
      </search>
      {q !== '' ? (
        <Results q={q} search={search} rows={rows} />
      ) : (
        <>
          {recent.length > 0 && (
            <section aria-label={t('search.recent')} className="recent">
              <header className="recent-head">
                <h2>{t('search.recent')}</h2>
                <Button look="plain" onClick={clear}>
                  {t('search.clearAll')}
                </Button>
              </header>
              <SearchRows label={t('search.recent')} {...rows} />
            </section>
          )}
          <Suggestions title={t('feed.couldFollow')} />
        </>
      )}
    </div>
  );
}

type ResultsProps = {
  q: string;
  search: ReturnType<typeof useSearchFor>;
  rows: Pick<Parameters<typeof SearchRows>[0], 'entries' | 'combobox' | 'onOpen'>;
};

function Results({ q, search, rows }: ResultsProps) {
  if (search.isPending) return <Spinner label={t('search.searching')} />;
  if (search.isError) return <LoadError error={search.error} onRetry={() => void search.refetch()} />;
  if (rows.entries.length === 0) {
    return (
      <EmptyState icon={SearchX} title={t('search.nothing', { query: q })} text={t('search.nothingText')} />
    );
  }
  return <SearchRows label={t('search.results')} isBusy={search.isPlaceholderData} {...rows} />;
}

/** What is typed, and, when the typing pauses, what is looked for: the address says it. */
function useTyped() {
  const q = new URLSearchParams(useSearch()).get('q') ?? '';
  const [, navigate] = useLocation();
  const [typed, setTyped] = useState(q);
  useEffect(() => {
    const wanted = typed.trim();
    if (wanted === q) return;
    const timer = setTimeout(() => navigate(paths.explore(wanted), { replace: true }), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, q, navigate]);
  return { q, typed, setTyped };
}

function useRecentSearches(accountId: string) {
  const [recent, setRecent] = useState(() => readRecentSearches(accountId));
  return {
    recent,
    /** Shown when one comes back to this page. */
    add: (search: RecentSearch) => void addRecentSearch(accountId, plain(search)),
    remove: (search: RecentSearch) => setRecent(removeRecentSearch(accountId, search)),
    clear: () => setRecent(clearRecentSearches()),
  };
}

/** What is kept of it: no relationship, which changes. */
function plain(search: RecentSearch): RecentSearch {
  if (search.kind === 'hashtag') return { kind: 'hashtag', tag: search.tag };
  const { id, handle, name, isPrivate, avatarUrl } = search.account;
  return { kind: 'account', account: { id, handle, name, isPrivate, avatarUrl } };
}

function recentEntry(search: RecentSearch, remove: () => void): SearchEntry {
  const end = (
    <IconButton label={t('search.removeRecent', { name: nameOf(search) })} onClick={remove}>
      <X aria-hidden size={20} />
    </IconButton>
  );
  return { ...search, end };
}

function entriesOf(reply: SearchReply | undefined): SearchEntry[] {
  const { accounts = [], hashtags = [] } = reply ?? {};
  return [
    ...accounts.map((account) => ({
      kind: 'account' as const,
      account,
      end: <FollowButton account={account} isSmall />,
    })),
    ...hashtags.map((hashtag) => ({ kind: 'hashtag' as const, ...hashtag, end: null })),
  ];
}
