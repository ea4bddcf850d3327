import { MessageCircle, Send } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { PostCard } from '../../core/shapes.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { IconButton } from '../ui/Button.tsx';
import { LikeButton } from './LikeButton.tsx';
import { LikersDialog } from './LikersDialog.tsx';
import { shareLink } from './share-link.ts';

type PostActionsProps = { post: PostCard; onLike: (liked: boolean) => void; onComment?: () => void };

/** `onComment` is for the page that has the comments; elsewhere the button leads there. */
export function PostActions({ post, onLike, onComment }: PostActionsProps) {
  const [showsLikers, setShowsLikers] = useState(false);
  const bubble = <MessageCircle aria-hidden size={26} strokeWidth={1.75} className="flipped" />;
  return (
    <>
      <div className="post-actions">
        <LikeButton post={post} onLike={onLike} />
        {onComment ? (
          <IconButton label={t('feed.comment')} onClick={onComment}>
            {bubble}
          </IconButton>
        ) : (
          <Link
            href={paths.post(post.id)}
            className="icon-button"
            aria-label={t('feed.comment')}
            title={t('feed.comment')}
          >
            {bubble}
          </Link>
        )}
        <IconButton label={t('feed.share')} onClick={() => void shareLink(paths.post(post.id))}>
          <Send aria-hidden className="mirrored" size={25} strokeWidth={1.75} />
        </IconButton>
      </div>
      {post.likeCount !== null && (
        <p className="post-likes">
          {post.likeCount > 0 ? (
            <button type="button" className="strong" onClick={() => setShowsLikers(true)}>
              {t('feed.likes', { count: post.likeCount })}
            </button>
          ) : (
            <span className="muted">{t('feed.beFirst')}</span>
          )}
        </p>
      )}
      {showsLikers && <LikersDialog postId={post.id} onClose={() => setShowsLikers(false)} />}
    </>
  );
}
