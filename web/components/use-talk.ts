import { type RefObject, useRef, useState } from 'react';
import type { CommentCard } from '../../core/shapes.ts';
import { unsentId } from '../api/comments.ts';
import { useKept } from '../navigation.ts';

/** The comment beneath which a reply goes, and whom it answers. */
export type ReplyTo = { commentId: string; handle: string };

export type Talk = ReturnType<typeof useTalk>;

/** What the comments of a post and the form below them have to tell each other. What is typed changes nothing here. */
export function useTalk(postId: string) {
  const [replyTo, setReplyTo] = useState<ReplyTo | null>(null);
  const [justSent, setJustSent] = useState<string | null>(null);
  const [openThreads, setOpenThreads] = useKept<string[]>(`replies:${postId}`, []);
  const input: RefObject<HTMLTextAreaElement | null> = useRef(null);
  const setThreadOpen = (commentId: string, isOpen: boolean) => {
    const others = openThreads.filter((id) => id !== commentId);
    setOpenThreads(isOpen ? [...others, commentId] : others);
  };
  return {
    input,
    /** What stands in the form: also when it is not there any more. */
    typed: useRef(''),
    /** Puts words back into the form. */
    giveBack: useRef<(words: string) => void>(() => undefined),
    replyTo,
    setReplyTo,
    reply: (comment: CommentCard) => {
      setReplyTo({ commentId: comment.parentId ?? comment.id, handle: comment.account.handle });
      input.current?.focus();
    },
    /** The card of what was sent last: it is brought into sight. */
    justSent,
    noteSent: (key: string, parentId: string | null) => {
      setJustSent(unsentId(key));
      setReplyTo(null);
      if (parentId) setThreadOpen(parentId, true);
    },
    openThreads,
    setThreadOpen,
  };
}
