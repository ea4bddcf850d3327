import { memo } from 'react';
import { Link } from 'wouter';
import type { PostCard } from '../../core/shapes.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
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

/** A post in a feed: drawn anew only when it has changed itself. */
export const PostView = memo(function PostView({ post, isFirst }: PostViewProps) {
  const like = useLikePost(post);
  return (
    <article className="post" aria-label={t('feed.postBy', { handle: post.account.handle })}>
      <PostHeader post={post} />
      <PhotoCarousel post={post} slot={SLOT} isFirst={isFirst} onDoubleTap={() => like(true)} />
      <div className="post-foot">
        {post.state === 'published' ? <PostActions post={post} onLike={like} /> : <Developing post={post} />}
        {post.caption && <Caption account={post.account} text={post.caption} foldedAs={post.id} />}
        {post.commentCount > 0 && (
          <Link href={paths.post(post.id)} className="post-comments muted">
            {t('feed.viewComments', { count: post.commentCount })}
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
});
