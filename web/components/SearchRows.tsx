import { Hash } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import type { RecentSearch } from '../state/recent-searches.ts';
import { AccountRowLink } from './AccountRow.tsx';
import type { Combobox } from './use-combobox.ts';

/** `postCount`: of a hashtag; not known of one that was searched for before. */
export type SearchEntry = RecentSearch & { postCount?: number; end: ReactNode };

type SearchRowsProps = {
  label: string;
  entries: readonly SearchEntry[];
  combobox: Combobox;
  isBusy?: boolean;
  onOpen: (entry: SearchEntry) => void;
};

export function SearchRows({ label, entries, combobox, isBusy, onOpen }: SearchRowsProps) {
  return (
    <div className="account-list" {...combobox.grid(label)} aria-busy={isBusy}>
      {entries.map((entry, at) => (
        <div
          key={entry.kind === 'account' ? entry.account.id : `#${entry.tag}`}
          className="account-row search-row"
          {...combobox.row(at)}
        >
          <div {...combobox.cell} className="search-cell">
            {entry.kind === 'account' ? (
              <AccountRowLink account={entry.account} onOpen={() => onOpen(entry)} />
            ) : (
              <HashtagLink entry={entry} onOpen={() => onOpen(entry)} />
            )}
          </div>
          <div {...combobox.cell}>{entry.end}</div>
        </div>
      ))}
    </div>
  );
}

type HashtagLinkProps = { entry: { tag: string; postCount?: number }; onOpen: () => void };

function HashtagLink({ entry: { tag, postCount }, onOpen }: HashtagLinkProps) {
  return (
    <Link href={paths.hashtag(tag)} className="account-row-link" onClick={onOpen}>
      <span className="hash-icon">
        <Hash aria-hidden size={22} strokeWidth={1.75} />
      </span>
      <span className="account-row-names">
        <span className="strong" dir="auto">
          #{tag}
        </span>
        <span className="muted">
          {postCount === undefined ? t('search.hashtag') : t('search.posts', { count: postCount })}
        </span>
      </span>
    </Link>
  );
}
