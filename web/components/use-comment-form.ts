import { useEffect, useRef, useState } from 'react';
import { limits } from '../../core/limits.ts';
import type { CommentCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { sentenceOf } from '../api/client.ts';
import { unsentId, useAddComment } from '../api/comments.ts';
import { t } from '../i18n/text.ts';
import { useKept } from '../navigation.ts';
import { newKey } from '../state/new-key.ts';
import { showToast } from '../state/toasts.ts';

type ReplyTo = { commentId: string; handle: string };
type Words = { text: string; parentId: string | null };

export type CommentFormState = ReturnType<typeof useCommentForm>;

/** What is being written below a post, and to whom. What could not be sent comes back into the field. */
export function useCommentForm(postId: string) {
  const me = useMe();
  const add = useAddComment(postId);
  const [text, setText] = useState('');
  const [replyTo, setReplyTo] = useState<ReplyTo | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [justSent, setJustSent] = useState<string | null>(null);
  const [openThreads, setOpenThreads] = useKept<string[]>(`replies:${postId}`, []);
  /** Sent again as it was, it has the same key: the server may have made it all the same. */
  const refused = useRef<(Words & { key: string }) | null>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const isHere = useRef(true);
  useEffect(() => {
    isHere.current = true;
    return () => {
      isHere.current = false;
    };
  }, []);

  const addressOf = (to: ReplyTo | null) => (to && to.handle !== me?.handle ? `@${to.handle} ` : '');
  const withoutAddress = (typed: string) => {
    const address = addressOf(replyTo);
    return typed.startsWith(address.trimEnd()) ? typed.slice(address.length) : typed;
  };
  const setThreadOpen = (commentId: string, isOpen: boolean) => {
    const others = openThreads.filter((id) => id !== commentId);
    setOpenThreads(isOpen ? [...others, commentId] : others);
  };
  const reply = (comment: CommentCard) => {
    const next = { commentId: comment.parentId ?? comment.id, handle: comment.account.handle };
    setText(addressOf(next) + withoutAddress(text));
    setReplyTo(next);
    input.current?.focus();
  };
  const takeBack = (words: Words, to: ReplyTo | null, reason: unknown) => {
    if (!isHere.current) return showToast(t('offline.commentNotTaken', { reason: sentenceOf(reason) }));
    setError(reason);
    setText((typed) => (typed === '' ? words.text : `${words.text}\n${typed}`));
    setReplyTo((now) => now ?? to);
  };
  const canSend = text.trim() !== '' && text.length <= limits.commentMax;
  const send = () => {
    if (!canSend) return;
    const words = { text: text.trim(), parentId: replyTo?.commentId ?? null };
    const last = refused.current;
    const isSame = last?.text === words.text && last.parentId === words.parentId;
    const key = isSame ? last.key : newKey();
    setText('');
    setReplyTo(null);
    setError(null);
    setJustSent(unsentId(key));
    if (words.parentId) setThreadOpen(words.parentId, true);
    add.mutateAsync({ ...words, key }).catch((reason: unknown) => {
      refused.current = { ...words, key };
      takeBack(words, replyTo, reason);
    });
  };
  return {
    text,
    setText,
    replyTo,
    reply,
    error,
    canSend,
    send,
    input,
    openThreads,
    setThreadOpen,
    /** The card of what was sent last: it is brought into sight. */
    justSent,
    cancelReply: () => {
      setText(withoutAddress(text));
      setReplyTo(null);
      input.current?.focus();
    },
  };
}
