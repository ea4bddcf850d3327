import { UserRound } from 'lucide-react';
import { type CSSProperties, useId, useState } from 'react';
import { Link } from 'wouter';
import type { Photo } from '../../core/shapes.ts';
import { listOf } from '../i18n/list.ts';
import { Text } from '../i18n/Text.tsx';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';

/** Over a photo: a mark, and when it is pressed the names of those who are on it, each at its place. */
export function PhotoPeople({ people }: { people: Photo['people'] }) {
  const [isShown, setShown] = useState(false);
  const id = useId();
  return (
    <>
      <p className="hidden-visually">
        <Text
          id="feed.peopleOnPhoto"
          values={{ names: listOf(people.map(({ account }) => account.handle)) }}
        />
      </p>
      {isShown && (
        <ul className="photo-names" id={id} aria-label={t('feed.people')}>
          {people.map(({ account, x, y }) => (
            <li key={account.id} style={{ '--x': x, '--y': y } as CSSProperties}>
              <Link href={paths.profile(account.handle)} dir="ltr">
                {account.handle}
              </Link>
            </li>
          ))}
        </ul>
      )}
      <button
        type="button"
        className="photo-people"
        aria-label={t('feed.showPeople')}
        aria-expanded={isShown}
        aria-controls={isShown ? id : undefined}
        onClick={() => setShown(!isShown)}
      >
        <UserRound aria-hidden size={16} />
      </button>
    </>
  );
}
