/** What was typed and could not be kept in its form: it waits for the form to come back. In this tab alone, and not over a reload. */
type OnGiven = (words: unknown) => void;

/** The field for a comment on this post. */
export const commentForm = (postId: string): string => `comment/${postId}`;

const waiting = new Map<string, unknown>();
const open = new Map<string, OnGiven>();

/** `form`: as in useWaitingWords. */
export function leaveWords(accountId: string, form: string, words: unknown): void {
  waiting.set(nameOf(accountId, form), words);
}

/** Where the form is open and takes such words, they go into it at once. */
export function giveWordsBack(accountId: string, form: string, words: unknown): void {
  const onGiven = open.get(nameOf(accountId, form));
  if (onGiven) onGiven(words);
  else leaveWords(accountId, form, words);
}

/** Undefined where nothing waits. */
export function waitingWords(accountId: string, form: string): unknown {
  return waiting.get(nameOf(accountId, form));
}

export function forgetWords(accountId: string, form: string): void {
  waiting.delete(nameOf(accountId, form));
}

/** For a form that is open. Gives what ends it. */
export function onWordsGiven(accountId: string, form: string, onGiven: OnGiven): () => void {
  const name = nameOf(accountId, form);
  open.set(name, onGiven);
  return () => open.delete(name);
}

function nameOf(accountId: string, form: string): string {
  return `${accountId}/${form}`;
}
