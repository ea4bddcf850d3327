import { X } from 'lucide-react';
import { useState } from 'react';
import type { CommentCard } from '../../core/shapes.ts';
import { sentenceOf } from '../api/client.ts';
import { isUnsent, type useComments, useDeleteComment } from '../api/comments.ts';
import { t } from '../i18n/text.ts';
import { Button, IconButton } from '../ui/Button.tsx';
import { ConfirmDialog } from '../ui/Dialog.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { TimeAgo } from '../ui/TimeAgo.tsx';
import { AvatarLink, HandleLink } from './AccountLink.tsx';
import { LoadError } from './LoadError.tsx';
import { RichText } from './RichText.tsx';
import './comments.css';

type CommentListProps = { postId: string; comments: ReturnType<typeof useComments> };

/** The newest at the end. */
export function CommentList({ postId, comments }: CommentListProps) {
  const remove = useDeleteComment(postId);
  const [asksFor, setAsksFor] = useState<CommentCard | null>(null);
  if (comments.isPending && comments.oldestFirst.length === 0)
    return <Spinner label={t('post.loadingComments')} />;
  if (comments.isError && comments.oldestFirst.length === 0) {
    return <LoadError error={comments.error} onRetry={() => void comments.refetch()} />;
  }
  return (
    <section aria-label={t('post.comments')}>
      {comments.hasNextPage && (
        <Button
          look="plain"
          className="earlier"
          isBusy={comments.isFetchingNextPage}
          onClick={() => void comments.fetchNextPage()}
        >
          {t('post.earlierComments')}
        </Button>
      )}
      {comments.isFetchNextPageError && (
        <p className="error-text" role="alert">
          {sentenceOf(comments.error)}
        </p>
      )}
      {comments.oldestFirst.length === 0 && <p className="muted no-comments">{t('post.noComments')}</p>}
      <ol className="comments">
        {comments.oldestFirst.map((comment) => (
          <Comment
            key={comment.id}
            comment={comment}
            isOffline={comments.isOffline}
            onDelete={() => setAsksFor(comment)}
          />
        ))}
      </ol>
      {asksFor && (
        <ConfirmDialog
          title={t('post.deleteCommentTitle')}
          text={<span dir="auto">{asksFor.text}</span>}
          confirm={t('common.delete')}
          onConfirm={() => {
            remove.mutate(asksFor);
            setAsksFor(null);
          }}
          onClose={() => setAsksFor(null)}
        />
      )}
    </section>
  );
}

type CommentProps = { comment: CommentCard; isOffline: boolean; onDelete: () => void };

function Comment({ comment, isOffline, onDelete }: CommentProps) {
  return (
    <li className="comment" data-unsent={isUnsent(comment)}>
      <AvatarLink account={comment.account} size={32} />
      <div className="comment-body">
        <p dir="auto">
          <HandleLink account={comment.account} /> <RichText text={comment.text} />
        </p>
        <p className="muted comment-time">
          {!isUnsent(comment) ? (
            <TimeAgo iso={comment.createdAt} />
          ) : isOffline ? (
            t('offline.commentWaits')
          ) : (
            t('post.sending')
          )}
        </p>
      </div>
      {comment.canDelete && (
        <IconButton
          label={t('post.deleteCommentBy', { handle: comment.account.handle })}
          className="comment-delete"
          onClick={onDelete}
        >
          <X aria-hidden size={16} />
        </IconButton>
      )}
    </li>
  );
}
