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

type ReplyListProps = { comment: CommentCard; justSent: string | null; acts: CommentActs };
type RepliesProps = ReplyListProps & { isOpen: boolean; onOpen: (isOpen: boolean) => void };

/** Beneath their comment: fetched when they are opened. */
export function Replies({ isOpen, onOpen, ...list }: RepliesProps) {
  const id = useId();
  const { replyCount } = list.comment;
  if (!isOpen && replyCount === 0) return null;
  return (
    <div className="replies">
      {replyCount > 0 && (
        <button
          type="button"
          className="comment-button replies-toggle muted"
          aria-expanded={isOpen}
          aria-controls={isOpen ? id : undefined}
          onClick={() => onOpen(!isOpen)}
        >
          {isOpen ? t('post.hideReplies') : t('post.viewReplies', { count: replyCount })}
        </button>
      )}
      {isOpen && (
        <div id={id}>
          <ReplyList {...list} />
        </div>
      )}
    </div>
  );
}

function ReplyList({ comment, justSent, acts }: ReplyListProps) {
  const replies = useReplies(comment);
  if (replies.isPending && replies.oldestFirst.length === 0)
    return <Spinner label={t('post.loadingReplies')} />;
  if (replies.isError && replies.oldestFirst.length === 0)
    return <LoadError error={replies.error} onRetry={() => void replies.refetch()} />;
  return (
    <>
      <ol className="comments" aria-label={t('post.repliesTo', { handle: comment.account.handle })}>
        {replies.oldestFirst.map((reply) => (
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
    </>
  );
}
