import { useEffect, useRef, useState } from 'react';
import { readViewer } from '../state/viewer.ts';

/** By account and form. In this tab alone, and not over a reload. */
const waiting = new Map<string, unknown>();

/**
 * What is being written: if the session ends meanwhile, it is there again when the same member has signed in. Not for
 * passwords.
 */
export function useWaitingWords<Words>(
  accountId: string,
  form: string,
  begin: () => Words,
): [Words, (next: Words | ((before: Words) => Words)) => void] {
  const name = `${accountId}/${form}`;
  const [first] = useState(begin);
  const [words, setWords] = useState(() => (waiting.has(name) ? (waiting.get(name) as Words) : first));
  const last = useRef(words);
  useEffect(() => {
    last.current = words;
  }, [words]);
  useEffect(() => {
    waiting.delete(name);
    return () => {
      if (readViewer() === null && last.current !== first) waiting.set(name, last.current);
    };
  }, [name, first]);
  return [words, setWords];
}
