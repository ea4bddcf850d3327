import { Heart, Layers, MessageCircle, Pin } from 'lucide-react';
import { Link } from 'wouter';
import type { PostCard } from '../../core/shapes.ts';
import { useRefreshPost } from '../api/posts.ts';
import { t } from '../i18n/text.ts';
import { useKeptHere } from '../navigation.ts';
import { paths } from '../paths.ts';
import { shortCount } from '../ui/count.ts';
import { Placeholder } from '../ui/Placeholder.tsx';
import { Windowed } from '../ui/Windowed.tsx';
import { altOf } from './photo-alt.ts';
import { squareSources } from './photo-sources.ts';
import './photos.css';

/** Four rows. So many squares are on the screen at first; they are not left to be loaded lazily. */
const CHUNK = 12;
const SIZES = '(min-width: 936px) 296px, 33vw';

/** `showsPins`: the grid is the profile to whose top they are pinned. */
type PostGridProps = { posts: readonly PostCard[]; showsPins?: boolean };

export function PostGrid({ posts, showsPins = false }: PostGridProps) {
  const kept = useKeptHere();
  return (
    <Windowed
      name="squares"
      kept={kept}
      items={posts}
      keyOf={(post) => post.id}
      chunk={CHUNK}
      as="ul"
      className="grid"
      label={t('feed.posts')}
      render={(part, start) =>
        part.map((post) => (
          <li key={post.id}>
            <PostSquare post={post} isEager={start === 0} isPinned={showsPins && post.isPinned} />
          </li>
        ))
      }
    />
  );
}

type PostSquareProps = { post: PostCard; isEager: boolean; isPinned: boolean };

function PostSquare({ post, isEager, isPinned }: PostSquareProps) {
  const refresh = useRefreshPost();
  const [photo] = post.photos;
  const total = post.photos.length;
  if (!photo) return null;
  const { src, srcSet } = squareSources(photo);
  return (
    <Link
      href={paths.post(post.id)}
      className="grid-cell"
      style={{ backgroundColor: photo.averageColour ?? undefined }}
    >
      <Placeholder thumbhash={photo.thumbhash} />
      {src ? (
        <img
          src={src}
          srcSet={srcSet}
          sizes={SIZES}
          alt={altOf(photo, post.account, 1, total)}
          loading={isEager ? 'eager' : 'lazy'}
          decoding="async"
          onError={() => void refresh(post.id).catch(() => undefined)}
        />
      ) : (
        <span className="photo-note">
          {post.state === 'failed' ? t('feed.postFailed') : t('feed.developing')}
        </span>
      )}
      {isPinned && (
        <span className="grid-badge grid-pin">
          <Pin aria-hidden size={20} fill="currentColor" />
          <span className="hidden-visually">{t('profile.pinned')}</span>
        </span>
      )}
      {total > 1 && (
        <span className="grid-badge">
          <Layers aria-hidden size={20} fill="currentColor" />
          <span className="hidden-visually">{t('feed.photoCount', { count: total })}</span>
        </span>
      )}
      <span className="grid-counts" aria-hidden>
        {post.likeCount !== null && (
          <span>
            <Heart size={20} fill="currentColor" strokeWidth={0} /> {shortCount(post.likeCount)}
          </span>
        )}
        <span>
          <MessageCircle size={20} fill="currentColor" strokeWidth={0} className="flipped" />{' '}
          {shortCount(post.commentCount)}
        </span>
      </span>
    </Link>
  );
}
