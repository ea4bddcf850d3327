import { Copy, Heart, Trash2 } from 'lucide-react';
import { useLayoutEffect, useRef } from 'react';
import type { CommentCard } from '../../core/shapes.ts';
import { isUnsent } from '../api/comments.ts';
import { t } from '../i18n/text.ts';
import { IconButton } from '../ui/Button.tsx';
import { Menu } from '../ui/Menu.tsx';
import { TimeAgo } from '../ui/TimeAgo.tsx';
import { AvatarLink, HandleLink } from './AccountLink.tsx';
import { RichText } from './RichText.tsx';
import { copyText } from './share-link.ts';

/** What can be done with a comment; `onReply` is missing where nobody may answer, `onLike` and `onDelete` where all is only read. */
export type CommentActs = {
  onLike: ((comment: CommentCard, liked: boolean) => void) | undefined;
  onReply: ((comment: CommentCard) => void) | undefined;
  onDelete: ((comment: CommentCard) => void) | undefined;
  onTakeBack: (comment: CommentCard) => void;
  onShowLikers: (comment: CommentCard) => void;
};
type CommentProps = {
  comment: CommentCard;
  /** Why one that is not sent yet waits. */
  isOffline: boolean;
  /** Brought into sight. */
  isJustSent: boolean;
  acts: CommentActs;
};

export function Comment({ comment, isOffline, isJustSent, acts }: CommentProps) {
  const isSent = !isUnsent(comment);
  const row = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (isJustSent) row.current?.scrollIntoView({ block: 'nearest' });
  }, [isJustSent]);
  return (
    <div className="comment" data-unsent={!isSent} ref={row}>
      <AvatarLink account={comment.account} size={comment.parentId ? 24 : 32} />
      <p className="comment-text" dir="auto">
        <HandleLink account={comment.account} /> <RichText text={comment.text} />
      </p>
      {isSent && acts.onLike && <LikeComment comment={comment} onLike={acts.onLike} />}
      <div className="comment-meta muted">
        {isSent ? (
          <>
            <TimeAgo iso={comment.createdAt} />
            <CommentButtons comment={comment} acts={acts} />
          </>
        ) : (
          <>
            <span>{t(isOffline ? 'offline.commentWaits' : 'post.sending')}</span>
            {isOffline && (
              <button type="button" className="comment-button" onClick={() => acts.onTakeBack(comment)}>
                {t('offline.takeBack')}
              </button>
            )}
          </>
        )}
      </div>
    </div>
  );
}

type LikeCommentProps = { comment: CommentCard; onLike: NonNullable<CommentActs['onLike']> };

function LikeComment({ comment, onLike }: LikeCommentProps) {
  return (
    <IconButton
      label={t('post.likeCommentBy', { handle: comment.account.handle })}
      className="like comment-like"
      aria-pressed={comment.liked}
      onClick={() => onLike(comment, !comment.liked)}
    >
      <Heart aria-hidden size={16} strokeWidth={2} fill={comment.liked ? 'currentColor' : 'none'} />
    </IconButton>
  );
}

function CommentButtons({ comment, acts }: { comment: CommentCard; acts: CommentActs }) {
  const { account, likeCount, text } = comment;
  const copy = {
    label: t('common.copyText'),
    icon: <Copy aria-hidden size={20} />,
    run: () => void copyText(text),
  };
  const remove = {
    label: t('common.delete'),
    icon: <Trash2 aria-hidden size={20} />,
    isDanger: true,
    run: () => acts.onDelete?.(comment),
  };
  return (
    <>
      {likeCount > 0 && (
        <button type="button" className="comment-button" onClick={() => acts.onShowLikers(comment)}>
          {t('feed.likes', { count: likeCount })}
        </button>
      )}
      {acts.onReply && (
        <button
          type="button"
          className="comment-button"
          aria-label={t('post.replyToNamed', { handle: account.handle })}
          onClick={() => acts.onReply?.(comment)}
        >
          {t('post.reply')}
        </button>
      )}
      <Menu
        label={t('post.moreAboutComment', { handle: account.handle })}
        entries={comment.canDelete && acts.onDelete ? [copy, remove] : [copy]}
      />
    </>
  );
}
