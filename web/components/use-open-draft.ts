import { useEffect, useRef, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { ApiError, sentenceOf } from '../api/client.ts';
import { paths } from '../paths.ts';
import { showToast } from '../state/toasts.ts';
import { discardDraft, draftKeeper, draftSaver, draftStore, isDraftSafe } from './the-draft.ts';

/** The draft that the address names is put in the place of the one that is here; if that would be lost, it is asked first. */
export function useOpenDraft() {
  const wanted = new URLSearchParams(useSearch()).get('draft');
  const [, navigate] = useLocation();
  const [isAsked, setAsked] = useState(false);
  const begun = useRef<string | null>(null);

  const leave = () => {
    setAsked(false);
    navigate(paths.newPost(), { replace: true });
  };
  const open = async (draftId: string) => {
    setAsked(false);
    try {
      await draftSaver.open(draftId);
      draftKeeper.welcome();
    } catch (error) {
      // The address still names it when the member has signed in again.
      if (error instanceof ApiError && error.status === 401) return;
      showToast(sentenceOf(error));
    }
    leave();
  };
  useEffect(() => {
    if (begun.current === (wanted ?? '')) return;
    begun.current = wanted ?? '';
    if (wanted === null || draftStore.read().saved?.id === wanted) void draftSaver.check();
    if (wanted === null) return;
    if (draftStore.read().saved?.id === wanted) leave();
    else if (isDraftSafe()) void open(wanted);
    else setAsked(true);
  });

  return {
    isOpening: wanted !== null && !isAsked,
    isAsked,
    stay: leave,
    replace: () => {
      if (!wanted) return;
      discardDraft();
      void open(wanted);
    },
  };
}
