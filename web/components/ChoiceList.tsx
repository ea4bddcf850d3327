import { Hash } from 'lucide-react';
import type { ReactNode } from 'react';
import type { AccountCard } from '../../core/shapes.ts';
import { t } from '../i18n/text.ts';
import { Avatar } from '../ui/Avatar.tsx';
import type { ChoiceList as Keys } from './use-choice-list.ts';
import './choice-list.css';

type Choice = { key: string; shown: ReactNode };
type ChoiceListProps = {
  keys: Keys;
  choices: readonly Choice[];
  /** `above`: for a field at the lower edge of the screen. `flow`: it takes its own room. */
  side?: 'below' | 'above' | 'flow';
  onChoose: (at: number) => void;
};

/** What a field offers while one types. The focus stays in the field: see use-choice-list.ts. */
export function ChoiceList({ keys, choices, side = 'below', onChoose }: ChoiceListProps) {
  return (
    <>
      {keys.isOpen && (
        <div
          className="choices"
          data-side={side}
          role="listbox"
          id={keys.listId}
          aria-label={t('common.suggestions')}
        >
          {choices.map(({ key, shown }, at) => (
            <div
              key={key}
              role="option"
              tabIndex={-1}
              id={keys.optionId(at)}
              aria-selected={at === keys.active}
              className="choice"
              ref={at === keys.active ? (node) => node?.scrollIntoView({ block: 'nearest' }) : undefined}
              onPointerMove={() => keys.setActive(at)}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => onChoose(at)}
              onKeyDown={keys.onKeyDown}
            >
              {shown}
            </div>
          ))}
        </div>
      )}
      <span className="hidden-visually" role="status">
        {keys.isOpen ? t('common.suggestionCount', { count: choices.length }) : ''}
      </span>
    </>
  );
}

export function AccountChoice({ account }: { account: AccountCard }) {
  return (
    <>
      <Avatar url={account.avatarUrl} name={account.name || account.handle} size={32} />
      <span className="choice-names">
        <span className="strong" dir="ltr">
          {account.handle}
        </span>
        {account.name && (
          <span className="muted" dir="auto">
            {account.name}
          </span>
        )}
      </span>
    </>
  );
}

export function HashtagChoice({ tag, postCount }: { tag: string; postCount: number }) {
  return (
    <>
      <span className="choice-icon">
        <Hash aria-hidden size={18} />
      </span>
      <span className="choice-names">
        <span className="strong" dir="auto">
          #{tag}
        </span>
        <span className="muted">{t('common.postCount', { count: postCount })}</span>
      </span>
    </>
  );
}
