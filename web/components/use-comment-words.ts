import { useEffect, useRef, useState } from 'react';
import { limits } from '../../core/limits.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import { sentenceOf } from '../api/client.ts';
import { useAddComment } from '../api/comments.ts';
import { t } from '../i18n/text.ts';
import { newKey } from '../state/new-key.ts';
import { showToast } from '../state/toasts.ts';
import { commentForm, giveWordsBack, onWordsGiven } from '../state/waiting-words.ts';
import type { ReplyTo, Talk } from './use-talk.ts';
import { useWaitingWords } from './use-waiting-words.ts';

type Words = { text: string; parentId: string | null };

/** What is being written, and its sending. What could not be sent comes back into the field. */
export function useCommentWords(postId: string, talk: Talk, me: Me) {
  const { replyTo, typed, giveBack } = talk;
  const add = useAddComment(postId);
  const form = commentForm(postId);
  const [text, setText] = useWaitingWords(me.id, form, () => '');
  const [error, setError] = useState<unknown>(null);
  /** Sent again as it was, it has the same key: the server may have made it all the same. */
  const refused = useRef<(Words & { key: string }) | null>(null);
  const isHere = useRef(true);

  const addressOf = (to: ReplyTo | null) => (to && to.handle !== me.handle ? `@${to.handle} ` : '');
  const [addressed, setAddressed] = useState(replyTo);
  if (addressed !== replyTo) {
    const address = addressOf(addressed);
    const rest = text.startsWith(address.trimEnd()) ? text.slice(address.length) : text;
    setAddressed(replyTo);
    setText(addressOf(replyTo) + rest);
  }
  useEffect(() => {
    typed.current = text;
  }, [typed, text]);
  useEffect(() => {
    giveBack.current = (words) => setText((now) => (now === '' ? words : `${words}\n${now}`));
  }, [giveBack, setText]);
  useEffect(
    () => onWordsGiven(me.id, form, (words) => giveBack.current(String(words))),
    [me.id, form, giveBack],
  );
  useEffect(() => {
    isHere.current = true;
    return () => {
      isHere.current = false;
    };
  }, []);

  const takeBack = (words: Words, to: ReplyTo | null, reason: unknown) => {
    if (!isHere.current) {
      giveWordsBack(me.id, form, words.text);
      return showToast(t('offline.commentNotTaken', { reason: sentenceOf(reason) }));
    }
    setError(reason);
    giveBack.current(words.text);
    if (!to) return;
    setAddressed(to);
    talk.setReplyTo(to);
  };
  const canSend = text.trim() !== '' && text.length <= limits.commentMax;
  const send = () => {
    if (!canSend) return;
    const words = { text: text.trim(), parentId: replyTo?.commentId ?? null };
    const last = refused.current;
    const isSame = last?.text === words.text && last.parentId === words.parentId;
    const key = isSame ? last.key : newKey();
    setText('');
    setAddressed(null);
    setError(null);
    talk.noteSent(key, words.parentId);
    add.mutateAsync({ ...words, key }).catch((reason: unknown) => {
      refused.current = { ...words, key };
      takeBack(words, replyTo, reason);
    });
  };
  return { text, setText, error, canSend, send };
}
