import { type KeyboardEvent, useId } from 'react';
import { limits } from '../../core/limits.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import { ApiError, sentenceOf } from '../api/client.ts';
import { t } from '../i18n/text.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Button } from '../ui/Button.tsx';
import { CompletedText } from './CompletedText.tsx';
import { useCommentWords } from './use-comment-words.ts';
import type { Talk } from './use-talk.ts';

type CommentFormProps = { postId: string; talk: Talk; me: Me };

/** To send it once more would change nothing. */
const FINAL = new Set([403, 404, 409, 410]);

/** Enter sends, Shift+Enter starts a new line, Escape ends a reply. */
export function CommentForm({ postId, talk, me }: CommentFormProps) {
  const { text, setText, error, canSend, send } = useCommentWords(postId, talk, me);
  const { replyTo } = talk;
  const errorId = useId();
  const left = limits.commentMax - text.length;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape') talk.setReplyTo(null);
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    send();
  };

  const cancelReply = () => {
    talk.setReplyTo(null);
    talk.input.current?.focus();
  };

  return (
    <form
      className="comment-form"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {error !== null && (
        <p className="error-text comment-form-line" id={errorId} role="alert">
          {sentenceOf(error)}
          {canSend && !(error instanceof ApiError && FINAL.has(error.status)) && (
            <Button look="plain" isSmall onClick={send}>
              {t('common.tryAgain')}
            </Button>
          )}
        </p>
      )}
      {replyTo && (
        <p className="muted comment-form-line">
          <span role="status">{t('post.replyingTo', { handle: replyTo.handle })}</span>
          <Button look="plain" isSmall onClick={cancelReply}>
            {t('common.cancel')}
          </Button>
        </p>
      )}
      <div className="comment-form-row">
        <Avatar url={me.avatarUrl} name={me.name || me.handle} size={32} />
        <CompletedText
          inputRef={talk.input}
          side="above"
          rows={1}
          value={text}
          placeholder={t('post.addCommentHint')}
          aria-label={t('post.addComment')}
          aria-describedby={error === null ? undefined : errorId}
          onWrite={setText}
          onKeyDown={onKeyDown}
        />
        {left < 0 && <span className="error-text">{left}</span>}
        <Button type="submit" look="plain" disabled={!canSend}>
          {t('post.send')}
        </Button>
      </div>
    </form>
  );
}
