import { useState } from 'react';
import { isNewer } from '../../core/ids.ts';
import type { CommentCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { t } from '../i18n/text.ts';

/** For a list that has come: says to a screen reader what others write from then on. Nothing on the screen moves for it. */
export function NewComments({ comments }: { comments: readonly CommentCard[] }) {
  const me = useMe();
  const newest = comments.reduce<CommentCard | null>(
    (last, comment) => (last === null || isNewer(comment.id, last.id) ? comment : last),
    null,
  );
  const [heard, setHeard] = useState({ id: newest?.id, handle: '' });
  if (newest && newest.id !== heard.id) {
    const isTold = newest.account.id !== me?.id && (!heard.id || isNewer(newest.id, heard.id));
    setHeard({ id: newest.id, handle: isTold ? newest.account.handle : '' });
  }
  return (
    <p className="hidden-visually" aria-live="polite">
      {heard.handle && <span key={heard.id}>{t('post.newCommentBy', { handle: heard.handle })}</span>}
    </p>
  );
}
