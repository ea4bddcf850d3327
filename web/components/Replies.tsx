import { useId } from 'react';
import type { CommentCard } from '../../core/shapes.ts';
import { sentenceOf } from '../api/client.ts';
import { useReplies } from '../api/comments.ts';
import { t } from '../i18n/text.ts';
import { Button } from '../ui/Button.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { Comment, type CommentActs } from './Comment.tsx';
import { LoadError } from './LoadError.tsx';
import { NewComments } from './NewComments.tsx';

type RepliesProps = {
  comment: CommentCard;
  isOpen: boolean;
  onOpen: (isOpen: boolean) => void;
  justSent: string | null;
  acts: CommentActs;
};

/** Beneath their comment: fetched when they are opened. */
export function Replies({ comment, isOpen, onOpen, justSent, acts }: RepliesProps) {
  const replies = useReplies(comment, isOpen);
  const id = useId();
  const shown = isOpen ? replies.oldestFirst : [];
  const count = Math.max(comment.replyCount, shown.length);
  if (count === 0) return null;
  return (
    <div className="replies">
      <button
        type="button"
        className="comment-button replies-toggle muted"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => onOpen(!isOpen)}
      >
        {isOpen ? t('post.hideReplies') : t('post.viewReplies', { count })}
      </button>
      {isOpen && (
        <div id={id}>
          {replies.isPending && shown.length === 0 && <Spinner label={t('post.loadingReplies')} />}
          {replies.isError && replies.items.length === 0 && (
            <LoadError error={replies.error} onRetry={() => void replies.refetch()} />
          )}
          <ol className="comments" aria-label={t('post.repliesTo', { handle: comment.account.handle })}>
            {shown.map((reply) => (
              <li key={reply.id}>
                <Comment
                  comment={reply}
                  isOffline={replies.isOffline}
                  isJustSent={reply.id === justSent}
                  acts={acts}
                />
              </li>
            ))}
          </ol>
          {replies.isSuccess && <NewComments comments={replies.items} />}
          {replies.hasNextPage && (
            <Button
              look="plain"
              className="earlier"
              isBusy={replies.isFetchingNextPage}
              onClick={() => void replies.fetchNextPage()}
            >
              {t('post.moreReplies')}
            </Button>
          )}
          {replies.isFetchNextPageError && (
            <p className="error-text" role="alert">
              {sentenceOf(replies.error)}
            </p>
          )}
        </div>
      )}
    </div>
  );
}
