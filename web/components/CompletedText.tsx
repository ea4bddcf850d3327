import { type RefObject, type TextareaHTMLAttributes, useLayoutEffect, useRef, useState } from 'react';
import { useSearchFor } from '../api/explore.ts';
import { TextArea } from '../ui/Field.tsx';
import { useDebounced } from '../ui/use-debounced.ts';
import { AccountChoice, ChoiceList, HashtagChoice } from './ChoiceList.tsx';
import { type Word, withWord, wordAt } from './completion.ts';
import { useChoiceList } from './use-choice-list.ts';

type CompletedTextProps = Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'value' | 'onChange'> & {
  value: string;
  onWrite: (text: string) => void;
  inputRef?: RefObject<HTMLTextAreaElement | null>;
  /** Where the list opens. */
  side?: 'below' | 'above';
  /** With a label above it, as the fields of forms have. */
  field?: { label: string; max: number; fault?: string | undefined };
};

const TYPING_PAUSE_MS = 150;
const CHOICES_MAX = 8;

/** A text in which @handles and #hashtags are completed as one types. A textbox to screen readers: a textarea may be nothing else. */
export function CompletedText({ value, onWrite, inputRef, side, field, ...rest }: CompletedTextProps) {
  const ownRef = useRef<HTMLTextAreaElement>(null);
  const ref = inputRef ?? ownRef;
  /** null: the caret is elsewhere, or the list was closed. */
  const [caret, setCaret] = useState<number | null>(null);
  const wantedCaret = useRef<number | null>(null);
  const word = caret === null ? null : wordAt(value, caret);
  const choices = useCompletions(word);

  useLayoutEffect(() => {
    if (wantedCaret.current === null || !value) return;
    ref.current?.setSelectionRange(wantedCaret.current, wantedCaret.current);
    wantedCaret.current = null;
  }, [value, ref]);

  const choose = (at: number) => {
    const chosen = choices[at];
    if (!word || !chosen) return;
    const next = withWord(value, word, chosen.word);
    wantedCaret.current = next.caret;
    setCaret(null);
    onWrite(next.text);
  };
  const list = useChoiceList({ count: choices.length, onChoose: choose, onClose: () => setCaret(null) });

  const props = {
    ...rest,
    ...list.field,
    'aria-haspopup': 'listbox',
    value,
    ref,
    onChange: (event: { target: HTMLTextAreaElement }) => {
      list.setActive(0);
      setCaret(event.target.selectionStart);
      onWrite(event.target.value);
    },
    onSelect: (event: { currentTarget: HTMLTextAreaElement }) => {
      // It opens while one types; afterwards it follows the caret.
      if (caret !== null) setCaret(event.currentTarget.selectionStart);
    },
    onBlur: () => setCaret(null),
    onKeyDown: (event: Parameters<NonNullable<typeof rest.onKeyDown>>[0]) => {
      if (!list.onKeyDown(event)) rest.onKeyDown?.(event);
    },
  } as const;
  return (
    <div className="with-choices">
      {field ? (
        <TextArea {...props} {...field} />
      ) : (
        <textarea dir={value === '' ? undefined : 'auto'} {...props} />
      )}
      <ChoiceList keys={list} choices={choices} side={side} onChoose={choose} />
    </div>
  );
}

function useCompletions(word: Word | null) {
  const query = word ? (word.kind === 'mention' ? '@' : '#') + word.query.toLowerCase() : '';
  const asked = useDebounced(query, TYPING_PAUSE_MS);
  const { data } = useSearchFor(query === '' ? '' : asked);
  if (!word || !data) return [];
  const typed = word.query.toLowerCase();
  const choices =
    word.kind === 'mention'
      ? data.accounts
          // What was found for fewer letters is still shown while the next answer is on its way.
          .filter(({ handle, name }) => startsWith(handle, typed) || startsWith(name, typed))
          .map((account) => ({
            key: account.id,
            word: `@${account.handle}`,
            shown: <AccountChoice account={account} />,
          }))
      : data.hashtags
          .filter(({ tag }) => startsWith(tag, typed))
          .map((hashtag) => ({
            key: hashtag.tag,
            word: `#${hashtag.tag}`,
            shown: <HashtagChoice {...hashtag} />,
          }));
  const [only] = choices;
  const isThere = choices.length === 1 && only?.word.slice(1).toLowerCase() === typed;
  return isThere ? [] : choices.slice(0, CHOICES_MAX);
}

function startsWith(text: string, typed: string): boolean {
  const folded = text.normalize('NFKC').toLowerCase();
  return folded.startsWith(typed) || folded.split(' ').some((part) => part.startsWith(typed));
}
