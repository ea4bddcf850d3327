import { type KeyboardEvent, type RefObject, useId, useState } from 'react';
import { limits } from '../../core/limits.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import { sentenceOf } from '../api/client.ts';
import { useAddComment } from '../api/comments.ts';
import { t } from '../i18n/text.ts';
import { newKey } from '../state/new-key.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Button } from '../ui/Button.tsx';
import { CompletedText } from './CompletedText.tsx';

type CommentFormProps = {
  postId: string;
  me: Me;
  inputRef: RefObject<HTMLTextAreaElement | null>;
  onSent: () => void;
};

/** Enter sends, Shift+Enter starts a new line. What could not be sent comes back into the field. */
export function CommentForm({ postId, me, inputRef, onSent }: CommentFormProps) {
  const [text, setText] = useState('');
  const add = useAddComment(postId);
  const errorId = useId();
  const isTooLong = text.length > limits.commentMax;
  const canSend = text.trim() !== '' && !isTooLong;

  const send = () => {
    if (!canSend) return;
    const sent = text.trim();
    setText('');
    add.mutate(
      { text: sent, key: newKey() },
      { onSuccess: onSent, onError: () => setText((typed) => (typed === '' ? sent : `${sent}\n${typed}`)) },
    );
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };

  return (
    <form
      className="comment-form"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {add.isError && (
        <p className="error-text" id={errorId} role="alert">
          {sentenceOf(add.error)}
        </p>
      )}
      <div className="comment-form-row">
        <Avatar url={me.avatarUrl} name={me.name || me.handle} size={32} />
        <CompletedText
          inputRef={inputRef}
          side="above"
          rows={1}
          value={text}
          placeholder={t('post.addCommentHint')}
          aria-label={t('post.addComment')}
          aria-describedby={add.isError ? errorId : undefined}
          onWrite={setText}
          onKeyDown={onKeyDown}
        />
        {isTooLong && <span className="error-text">{limits.commentMax - text.length}</span>}
        <Button type="submit" look="plain" disabled={!canSend}>
          {t('post.send')}
        </Button>
      </div>
    </form>
  );
}
