import { MessageCircle, Send } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { PostCard } from '../../core/shapes.ts';
import { paths } from '../paths.ts';
import { IconButton } from '../ui/Button.tsx';
import { counted } from '../ui/count.ts';
import { LikeButton } from './LikeButton.tsx';
import { LikersDialog } from './LikersDialog.tsx';
import { shareLink } from './share-link.ts';

type PostActionsProps = { post: PostCard; onLike: (liked: boolean) => void; onComment?: () => void };

/** `onComment` is for the page that has the comments; elsewhere the button leads there. */
export function PostActions({ post, onLike, onComment }: PostActionsProps) {
  const [showsLikers, setShowsLikers] = useState(false);
  const bubble = <MessageCircle aria-hidden size={26} strokeWidth={1.75} className="mirrored" />;
  return (
    <>
      <div className="post-actions">
        <LikeButton post={post} onLike={onLike} />
        {onComment ? (
          <IconButton label="Comment" onClick={onComment}>
            {bubble}
          </IconButton>
        ) : (
          <Link href={paths.post(post.id)} className="icon-button" aria-label="Comment" title="Comment">
            {bubble}
          </Link>
        )}
        <IconButton label="Share" onClick={() => void shareLink(paths.post(post.id))}>
          <Send aria-hidden size={25} strokeWidth={1.75} />
        </IconButton>
      </div>
      <p className="post-likes">
        {post.likeCount > 0 ? (
          <button type="button" className="strong" onClick={() => setShowsLikers(true)}>
            {counted(post.likeCount, 'like', 'likes')}
          </button>
        ) : (
          <span className="muted">Be the first to like this</span>
        )}
      </p>
      {showsLikers && <LikersDialog postId={post.id} onClose={() => setShowsLikers(false)} />}
    </>
  );
}
