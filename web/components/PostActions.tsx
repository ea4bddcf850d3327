import { MessageCircle, Send } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { PostCard } from '../../core/shapes.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { IconButton } from '../ui/Button.tsx';
import { LikeButton } from './LikeButton.tsx';
import { LikersDialog } from './LikersDialog.tsx';
import { SaveButton } from './SaveButton.tsx';
import { shareLink } from './share-link.ts';

type PostActionsProps = { post: PostCard; onLike: (liked: boolean) => void; onComment?: () => void };

/** `onComment` is for the page that has the comments; elsewhere the button leads there. Where none are taken, there is none. */
export function PostActions({ post, onLike, onComment }: PostActionsProps) {
  const bubble = <MessageCircle aria-hidden size={26} strokeWidth={1.75} className="flipped" />;
  return (
    <>
      <div className="post-actions">
        <LikeButton post={post} onLike={onLike} />
        {!post.takesComments ? null : onComment ? (
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
        <SaveButton post={post} />
      </div>
      <PostLikes post={post} />
    </>
  );
}

/** How many like it, and behind that who. */
export function PostLikes({ post }: { post: PostCard }) {
  const [showsLikers, setShowsLikers] = useState(false);
  return (
    <>
      <Likes post={post} onShow={() => setShowsLikers(true)} />
      {showsLikers && <LikersDialog postId={post.id} onClose={() => setShowsLikers(false)} />}
    </>
  );
}

/** Hidden, the count is for its author alone. */
function Likes({ post: { likeCount, hidesLikeCount }, onShow }: { post: PostCard; onShow: () => void }) {
  if (likeCount === null) {
    return (
      <p className="post-likes">
        <span className="muted">{t('feed.likedByOthers')}</span>
      </p>
    );
  }
  return (
    <p className="post-likes">
      {likeCount > 0 ? (
        <button type="button" className="strong" onClick={onShow}>
          {t('feed.likes', { count: likeCount })}
        </button>
      ) : (
        <span className="muted">{t('feed.beFirst')}</span>
      )}
      {hidesLikeCount && <span className="muted">{t('feed.onlyYouSeeCount')}</span>}
    </p>
  );
}
