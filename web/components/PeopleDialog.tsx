import { UserPlus } from 'lucide-react';
import { type CSSProperties, type MouseEvent, type ReactNode, useId, useState } from 'react';
import { limits } from '../../core/limits.ts';
import type { AccountCard } from '../../core/shapes.ts';
import { sentenceOf } from '../api/client.ts';
import { useSearchFor } from '../api/explore.ts';
import { t } from '../i18n/text.ts';
import type { TaggedPerson } from '../state/post-choices.ts';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { useDebounced } from '../ui/use-debounced.ts';
import { AccountChoice, ChoiceList } from './ChoiceList.tsx';
import { useChoiceList } from './use-choice-list.ts';
import './post-options.css';

type Point = { x: number; y: number };
type PeopleDialogProps = {
  position: number;
  /** Fills what surrounds it. */
  picture: ReactNode;
  /** width / height of the photo as it is shown. */
  ratio: number;
  people: readonly TaggedPerson[];
  onChange: (people: TaggedPerson[]) => void;
  onClose: () => void;
};

const MIDDLE: Point = { x: 0.5, y: 0.5 };
const TYPING_PAUSE_MS = 150;
const CHOICES_MAX = 6;

/** Who is on a photo: a press on it says where, then a search says who. Without a mouse or a finger: in the middle. */
export function PeopleDialog({ position, picture, ratio, people, onChange, onClose }: PeopleDialogProps) {
  /** Where the next person is; null while nobody is searched for. */
  const [point, setPoint] = useState<Point | null>(people.length === 0 ? MIDDLE : null);
  const isFull = people.length >= limits.peoplePerPhoto;
  const add = (account: AccountCard) => {
    const others = people.filter((person) => person.account.id !== account.id);
    onChange([...others, { account, ...(point ?? MIDDLE) }]);
    setPoint(null);
  };
  return (
    <Dialog title={t('composer.tagPeople')} onClose={onClose}>
      <div className="people-dialog">
        <div className="tagged" style={{ '--ratio': ratio } as CSSProperties}>
          <button
            type="button"
            className="tagged-photo"
            aria-label={t('composer.tapPerson', { position })}
            disabled={isFull}
            onClick={(event) => setPoint(pointOf(event))}
          >
            {picture}
          </button>
          {people.map(({ account, x, y }) => (
            <span key={account.id} className="tagged-mark" dir="ltr" aria-hidden style={placed({ x, y })}>
              {account.handle}
            </span>
          ))}
          {point && <span className="tagged-mark" data-new="true" aria-hidden style={placed(point)} />}
        </div>
        {point && !isFull ? (
          <PersonSearch key={`${point.x} ${point.y}`} onChoose={add} />
        ) : (
          <Button look="quiet" disabled={isFull} onClick={() => setPoint(MIDDLE)}>
            <UserPlus aria-hidden size={18} />
            {isFull ? t('composer.peopleFull', { count: limits.peoplePerPhoto }) : t('composer.addPerson')}
          </Button>
        )}
        {people.length > 0 && (
          <ul className="tagged-list" aria-label={t('composer.taggedPeople')}>
            {people.map(({ account }) => (
              <li key={account.id}>
                <AccountChoice account={account} />
                <Button
                  look="plain"
                  aria-label={t('composer.removePerson', { handle: account.handle })}
                  onClick={() => onChange(people.filter((other) => other.account.id !== account.id))}
                >
                  {t('common.remove')}
                </Button>
              </li>
            ))}
          </ul>
        )}
        <Button onClick={onClose}>{t('composer.peopleDone')}</Button>
      </div>
    </Dialog>
  );
}

function PersonSearch({ onChoose }: { onChoose: (account: AccountCard) => void }) {
  const id = useId();
  const [typed, setTyped] = useState('');
  const wanted = typed.trim().replace(/^@/, '');
  const asked = useDebounced(wanted, TYPING_PAUSE_MS);
  const { data, error, refetch } = useSearchFor(wanted === '' || asked === '' ? '' : `@${asked}`);
  const found = wanted === '' ? [] : (data?.accounts ?? []).slice(0, CHOICES_MAX);
  const choose = (at: number) => {
    const account = found[at];
    if (account) onChoose(account);
  };
  const list = useChoiceList({ count: found.length, onChoose: choose, onClose: () => setTyped('') });
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {t('composer.whoIsIt')}
      </label>
      <input
        id={id}
        ref={focusFirst}
        type="text"
        role="combobox"
        className="input"
        placeholder={t('composer.whoHint')}
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        dir={typed === '' ? undefined : 'auto'}
        aria-expanded={list.isOpen}
        {...list.field}
        value={typed}
        onChange={(event) => {
          list.setActive(0);
          setTyped(event.target.value);
        }}
        onKeyDown={list.onKeyDown}
      />
      <ChoiceList
        keys={list}
        choices={found.map((account) => ({ key: account.id, shown: <AccountChoice account={account} /> }))}
        side="flow"
        onChoose={choose}
      />
      {wanted !== '' && wanted === asked && data?.accounts.length === 0 && (
        <p className="field-hint" role="status">
          {t('composer.nobodyFound')}
        </p>
      )}
      {wanted !== '' && error && (
        <p className="error-text" role="alert">
          {sentenceOf(error)}
          <Button look="plain" isSmall onClick={() => void refetch()}>
            {t('common.tryAgain')}
          </Button>
        </p>
      )}
    </div>
  );
}

/** It comes because somebody is to be named now. */
function focusFirst(input: HTMLInputElement | null): void {
  input?.focus();
}

/** Of a press by the keyboard: the middle. */
function pointOf(event: MouseEvent<HTMLElement>): Point {
  if (event.detail === 0) return MIDDLE;
  const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
  return { x: share((event.clientX - left) / width), y: share((event.clientY - top) / height) };
}

function share(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000;
}

/** From the left also where one reads from the right: it is a place on a picture. */
function placed({ x, y }: Point): CSSProperties {
  return { left: `${x * 100}%`, top: `${y * 100}%` };
}

type PeopleRowProps = { people: readonly TaggedPerson[]; onOpen: () => void };

/** The entry to the dialog: who is named so far. */
export function PeopleRow({ people, onOpen }: PeopleRowProps) {
  const names = people.map(({ account }) => account.handle).join(', ');
  return (
    <button type="button" className="people-row" onClick={onOpen}>
      <UserPlus aria-hidden size={20} />
      <span>{t('composer.tagPeople')}</span>
      <span className="muted">{names}</span>
    </button>
  );
}
