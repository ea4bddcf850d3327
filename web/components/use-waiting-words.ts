import { useEffect, useRef, useState } from 'react';
import { readViewer } from '../state/viewer.ts';
import { forgetWords, leaveWords, waitingWords } from '../state/waiting-words.ts';

/**
 * What is being written: if the session ends meanwhile, it is there again when the same member has signed in. Not for
 * passwords.
 */
export function useWaitingWords<Words>(
  accountId: string,
  form: string,
  begin: () => Words,
): [Words, (next: Words | ((before: Words) => Words)) => void] {
  const [first] = useState(begin);
  const [words, setWords] = useState(() => (waitingWords(accountId, form) as Words | undefined) ?? first);
  const last = useRef(words);
  useEffect(() => {
    last.current = words;
  }, [words]);
  useEffect(() => {
    forgetWords(accountId, form);
    return () => {
      if (readViewer() === null && last.current !== first) leaveWords(accountId, form, last.current);
    };
  }, [accountId, form, first]);
  return [words, setWords];
}
