import { useState } from 'react';
import { useLocation } from 'wouter';
import type { CommentCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { sentenceOf } from '../api/client.ts';
import { useLikeComment } from '../api/comment-likes.ts';
import { type useComments, useDeleteComment, useTakeBack } from '../api/comments.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { showToast } from '../state/toasts.ts';
import { Button } from '../ui/Button.tsx';
import { ConfirmDialog } from '../ui/Dialog.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { Comment, type CommentActs } from './Comment.tsx';
import { CommentLikersDialog } from './LikersDialog.tsx';
import { LoadError } from './LoadError.tsx';
import { NewComments } from './NewComments.tsx';
import { Replies } from './Replies.tsx';
import type { Talk } from './use-talk.ts';
import './comments.css';

type CommentListProps = {
  postId: string;
  comments: ReturnType<typeof useComments>;
  talk: Talk;
  canReply: boolean;
  /** Of an archived post. */
  isReadOnly?: boolean;
};

/** The newest at the end. */
export function CommentList({ postId, comments, talk, canReply, isReadOnly = false }: CommentListProps) {
  const remove = useDeleteComment(postId);
  const [asksFor, setAsksFor] = useState<CommentCard | null>(null);
  const [likersOf, setLikersOf] = useState<CommentCard | null>(null);
  const like = useLikeComment();
  const me = useMe();
  const [path, navigate] = useLocation();
  const takeBack = useTakeBack();
  const acts: CommentActs = {
    onLike: isReadOnly
      ? undefined
      : (comment, liked) => (me ? like(comment, liked) : navigate(paths.signIn(path))),
    onReply: canReply ? talk.reply : undefined,
    onDelete: isReadOnly ? undefined : setAsksFor,
    onTakeBack: (comment) =>
      void takeBack(comment).then((isOut) => {
        if (isOut) talk.giveBack.current(comment.text);
        else showToast(t('offline.wasSent'));
      }),
    onShowLikers: setLikersOf,
  };
  if ((comments.isPending || (comments.isError && comments.isFetching)) && comments.oldestFirst.length === 0)
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
          <li key={comment.id}>
            <Comment
              comment={comment}
              isOffline={comments.isOffline}
              isJustSent={comment.id === talk.justSent}
              acts={acts}
            />
            <Replies
              comment={comment}
              isOpen={talk.openThreads.includes(comment.id)}
              onOpen={(isOpen) => talk.setThreadOpen(comment.id, isOpen)}
              justSent={talk.justSent}
              acts={acts}
            />
          </li>
        ))}
      </ol>
      {comments.isSuccess && <NewComments comments={comments.items} />}
      {asksFor && (
        <ConfirmDialog
          title={t('post.deleteCommentTitle')}
          text={
            <>
              <span dir="auto">{asksFor.text}</span>
              {asksFor.replyCount > 0 && (
                <span className="with-replies">
                  {t('post.deleteWithReplies', { count: asksFor.replyCount })}
                </span>
              )}
            </>
          }
          confirm={t('common.delete')}
          onConfirm={() => {
            remove.mutate(asksFor);
            setAsksFor(null);
          }}
          onClose={() => setAsksFor(null)}
        />
      )}
      {likersOf && <CommentLikersDialog commentId={likersOf.id} onClose={() => setLikersOf(null)} />}
    </section>
  );
}
