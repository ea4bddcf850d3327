import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Redirect, useLocation, useSearch } from 'wouter';
import type { Me } from '../../server/features/accounts/schema.ts';
import { noteFirstRun, useMe } from '../api/accounts.ts';
import { useSuggestions } from '../api/explore.ts';
import { refreshFeed } from '../api/posts.ts';
import { Suggestions } from '../components/Suggestions.tsx';
import { AvatarField } from '../components/settings/AvatarField.tsx';
import { ProfileForm } from '../components/settings/ProfileForm.tsx';
import { t } from '../i18n/text.ts';
import { type FirstRunStep, firstRunSteps, paths, safeReturn } from '../paths.ts';
import { isFirstRunDone } from '../state/first-run.ts';
import { Button } from '../ui/Button.tsx';
import { useTitle } from '../ui/use-title.ts';
import './settings.css';
import './first-run.css';

/** A home page with the photos of so many looks alive. */
const FOLLOWS_WANTED = 5;

const TEXTS = {
  photo: ['entrance.photoTitle', 'entrance.photoText'],
  words: ['entrance.wordsTitle', 'entrance.wordsText'],
  people: ['entrance.peopleTitle', 'entrance.peopleText'],
} as const;

/** What a new member is led to: a photo, a name, and people to follow. Each step is an address, and can be skipped. */
export function FirstRunPage() {
  useTitle(t('entrance.firstRun'));
  const me = useMe();
  return me && <FirstRun key={me.id} me={me} />;
}

function FirstRun({ me }: { me: Me }) {
  const client = useQueryClient();
  // As it was when the page was opened: its last step ends it, and leads elsewhere.
  const [before] = useState(me);
  const isDone = isFirstRunDone(before);
  useEffect(() => {
    if (!isDone && before.firstRun === null) noteFirstRun(client, before, 'offered');
  }, [client, before, isDone]);
  return isDone ? <Redirect to={paths.home()} replace /> : <Steps me={me} />;
}

function Steps({ me }: { me: Me }) {
  const client = useQueryClient();
  const query = new URLSearchParams(useSearch());
  const [, navigate] = useLocation();
  const next = query.get('next') ?? undefined;
  const at = Math.max(0, firstRunSteps.indexOf(query.get('step') as FirstRunStep));
  const step = firstRunSteps[at] ?? 'photo';
  const goOn = () => {
    const following = firstRunSteps[at + 1];
    if (following) return navigate(paths.firstRun(following, next));
    noteFirstRun(client, me, 'done');
    refreshFeed(client);
    navigate(safeReturn(next), { replace: true });
  };
  return (
    <div className="page first-run">
      <StepHead at={at} key={step} />
      {step === 'photo' && <PhotoStep me={me} onDone={goOn} />}
      {step === 'words' && <WordsStep me={me} onDone={goOn} />}
      {step === 'people' && <PeopleStep me={me} onDone={goOn} />}
    </div>
  );
}

/** A new step begins at its top, and is read from its title on. */
function StepHead({ at }: { at: number }) {
  const ref = useRef<HTMLHeadingElement>(null);
  const [title, text] = TEXTS[firstRunSteps[at] ?? 'photo'];
  useEffect(() => {
    ref.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, []);
  return (
    <header className="first-run-head">
      <p className="muted">{t('entrance.stepOf', { step: at + 1, count: firstRunSteps.length })}</p>
      <div className="first-run-progress" aria-hidden>
        {firstRunSteps.map((step, place) => (
          <span key={step} data-on={place <= at} />
        ))}
      </div>
      <h1 tabIndex={-1} ref={ref}>
        {t(title)}
      </h1>
      <p className="muted">{t(text)}</p>
    </header>
  );
}

type StepProps = { me: Me; onDone: () => void };

function PhotoStep({ me, onDone }: StepProps) {
  return (
    <>
      <AvatarField me={me} onSaved={onDone} />
      <Actions>
        {me.avatarUrl ? (
          <Button isWide onClick={onDone}>
            {t('entrance.next')}
          </Button>
        ) : (
          <Skip isWide onSkip={onDone} />
        )}
      </Actions>
    </>
  );
}

function WordsStep({ me, onDone }: StepProps) {
  return (
    <ProfileForm me={me} label={t('entrance.next')} onSaved={onDone} onUnchanged={onDone}>
      <Skip onSkip={onDone} />
    </ProfileForm>
  );
}

function PeopleStep({ me, onDone }: StepProps) {
  const suggestions = useSuggestions();
  const shown = suggestions.data?.items ?? [];
  const chosen = shown.filter(({ relationship }) => relationship.following !== 'no').length;
  const followed = Math.max(chosen, me.followingCount);
  return (
    <>
      {shown.length > 0 && (
        <div className="first-run-count">
          <progress
            max={FOLLOWS_WANTED}
            value={Math.min(followed, FOLLOWS_WANTED)}
            aria-label={t('entrance.peopleTitle')}
          />
          <span role="status">{t('entrance.followedOf', { followed, count: FOLLOWS_WANTED })}</span>
        </div>
      )}
      <Suggestions title={t('feed.couldFollow')} />
      <Actions>
        {followed > 0 || shown.length === 0 ? (
          <Button isWide onClick={onDone}>
            {t('entrance.goToFeed')}
          </Button>
        ) : (
          <Skip isWide onSkip={onDone} />
        )}
      </Actions>
    </>
  );
}

function Skip({ onSkip, isWide }: { onSkip: () => void; isWide?: boolean }) {
  return (
    <Button look="quiet" isWide={isWide} onClick={onSkip}>
      {t('entrance.skipStep')}
    </Button>
  );
}

function Actions({ children }: { children: ReactNode }) {
  return <div className="first-run-actions">{children}</div>;
}
