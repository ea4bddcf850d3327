import { Link } from 'wouter';
import type { PostCard } from '../../core/shapes.ts';
import { paths } from '../paths.ts';
import { counted } from '../ui/count.ts';
import { TimeAgo } from '../ui/TimeAgo.tsx';
import { Caption } from './Caption.tsx';
import { Developing } from './Developing.tsx';
import { PhotoCarousel } from './PhotoCarousel.tsx';
import { PostActions } from './PostActions.tsx';
import { PostHeader } from './PostHeader.tsx';
import { useLikePost } from './use-like-post.ts';
import './post.css';

type PostViewProps = { post: PostCard; isFirst: boolean };

const SLOT = [
  ['(min-width: 768px)', '560px'],
  [null, '100vw'],
] as const;

/** A post in a feed. */
export function PostView({ post, isFirst }: PostViewProps) {
  const like = useLikePost(post);
  return (
    <article className="post" aria-label={`Post by ${post.account.handle}`}>
      <PostHeader post={post} />
      <PhotoCarousel post={post} slot={SLOT} isFirst={isFirst} onDoubleTap={() => like(true)} />
      <div className="post-foot">
        {post.state === 'published' ? <PostActions post={post} onLike={like} /> : <Developing post={post} />}
        {post.caption && <Caption account={post.account} text={post.caption} isFolded />}
        {post.commentCount > 0 && (
          <Link href={paths.post(post.id)} className="post-comments muted">
            {post.commentCount === 1
              ? 'View 1 comment'
              : `View all ${counted(post.commentCount, 'comment', 'comments')}`}
          </Link>
        )}
        <p className="post-time muted">
          <Link href={paths.post(post.id)}>
            <TimeAgo iso={post.createdAt} />
          </Link>
        </p>
      </div>
    </article>
  );
}
