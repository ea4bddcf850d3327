import { Heart, Layers, MessageCircle } from 'lucide-react';
import { Link } from 'wouter';
import type { PostCard } from '../../core/shapes.ts';
import { useRefreshPost } from '../api/posts.ts';
import { paths } from '../paths.ts';
import { shortCount } from '../ui/count.ts';
import { Placeholder } from '../ui/Placeholder.tsx';
import { altOf, squareSources } from './photo-sources.ts';
import './photos.css';

/** So many squares are on the screen at first; they are not left to be loaded lazily. */
const EAGER = 12;
const SIZES = '(min-width: 936px) 296px, 33vw';

export function PostGrid({ posts }: { posts: readonly PostCard[] }) {
  return (
    <ul className="grid" aria-label="Posts">
      {posts.map((post, at) => (
        <li key={post.id}>
          <PostSquare post={post} isEager={at < EAGER} />
        </li>
      ))}
    </ul>
  );
}

function PostSquare({ post, isEager }: { post: PostCard; isEager: boolean }) {
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
        <span className="photo-note">{post.state === 'failed' ? 'Failed' : 'Developing…'}</span>
      )}
      {total > 1 && (
        <span className="grid-badge">
          <Layers aria-hidden size={20} fill="currentColor" />
          <span className="hidden-visually">{total} photos</span>
        </span>
      )}
      <span className="grid-counts" aria-hidden>
        <span>
          <Heart size={20} fill="currentColor" strokeWidth={0} /> {shortCount(post.likeCount)}
        </span>
        <span>
          <MessageCircle size={20} fill="currentColor" strokeWidth={0} className="mirrored" />{' '}
          {shortCount(post.commentCount)}
        </span>
      </span>
    </Link>
  );
}
