import { Heart } from 'lucide-react';
import type { PostCard } from '../../core/shapes.ts';
import { t } from '../i18n/text.ts';
import { IconButton } from '../ui/Button.tsx';

type LikeButtonProps = { post: PostCard; onLike: (liked: boolean) => void };

export function LikeButton({ post, onLike }: LikeButtonProps) {
  return (
    <IconButton
      label={t('feed.like')}
      className="like"
      aria-pressed={post.liked}
      onClick={() => onLike(!post.liked)}
    >
      <Heart aria-hidden size={26} strokeWidth={1.75} fill={post.liked ? 'currentColor' : 'none'} />
    </IconButton>
  );
}
