import { ImageOff } from 'lucide-react';
import { Link } from 'wouter';
import type { PostCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { isNowhere } from '../api/client.ts';
import { useComments } from '../api/comments.ts';
import { usePost } from '../api/posts.ts';
import { Caption } from '../components/Caption.tsx';
import { CommentForm } from '../components/CommentForm.tsx';
import { CommentList } from '../components/CommentList.tsx';
import { Developing } from '../components/Developing.tsx';
import { LoadError } from '../components/LoadError.tsx';
import { NotHere } from '../components/NotHere.tsx';
import { PhotoCarousel } from '../components/PhotoCarousel.tsx';
import { PhotoPlaces } from '../components/PhotoPlaces.tsx';
import { PostActions, PostLikes } from '../components/PostActions.tsx';
import { PostHeader } from '../components/PostHeader.tsx';
import { copyText } from '../components/share-link.ts';
import { useLikePost } from '../components/use-like-post.ts';
import { useOriginalEntries } from '../components/use-original-entries.ts';
import { type Talk, useTalk } from '../components/use-talk.ts';
import { Text } from '../i18n/Text.tsx';
import { t } from '../i18n/text.ts';
import { useWatchedPosts } from '../live/use-live.ts';
import { paths } from '../paths.ts';
import { Button } from '../ui/Button.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { TimeAgo } from '../ui/TimeAgo.tsx';
import { useMedia } from '../ui/use-media.ts';
import { useTitle } from '../ui/use-title.ts';
import '../components/post.css';
import './post-page.css';

/** As post-page.css has it: beside the words on a desktop. */
const SLOT = [
  ['(min-width: 1200px)', 'min(698px, 100vw - 662px)'],
  ['(min-width: 1100px)', '100vw - 502px'],
  ['(min-width: 768px)', '560px'],
  [null, '100vw'],
] as const;
const TALLEST = '90vh';
/** From here on the words are beside the photo, above the actions: what one sees first is read, and has the focus, first. */
const BESIDE = '(min-width: 1100px)';

export function PostPage({ postId }: { postId: string }) {
  const query = usePost(postId);
  const talk = useTalk(postId);
  useWatchedPosts(query.data?.state === 'published' && !isNowhere(query.error) ? [query.data.id] : []);
  useTitle(query.data && t('feed.postBy', { handle: query.data.account.handle }));
  if (query.isPending) return <Spinner isPage />;
  if (isNowhere(query.error)) {
    return (
      <NotHere icon={ImageOff} title={t('post.notHere')} text={t('post.notHereText')}>
        {talk.typed.current.trim() !== '' && <Unsaid text={talk.typed.current} />}
      </NotHere>
    );
  }
  if (!query.data) return <LoadError isPage error={query.error} onRetry={() => void query.refetch()} />;
  return <Post post={query.data} talk={talk} />;
}

/** What was being written when the post went. */
function Unsaid({ text }: { text: string }) {
  return (
    <div className="field post-page-unsaid">
      <label htmlFor="unsaid" className="field-label">
        {t('post.unsaid')}
      </label>
      <textarea id="unsaid" className="input" readOnly dir="auto" value={text} />
      <Button look="quiet" onClick={() => void copyText(text)}>
        {t('common.copyText')}
      </Button>
    </div>
  );
}

function Post({ post, talk }: { post: PostCard; talk: Talk }) {
  const me = useMe();
  const like = useLikePost(post);
  const isPublished = post.state === 'published';
  const isArchived = post.state === 'archived';
  const comments = useComments(post.id, isPublished || isArchived);
  const isBeside = useMedia(BESIDE);
  const words = (
    <div key="talk" className="post-page-talk">
      {post.caption && <Caption account={post.account} text={post.caption} />}
      <PhotoPlaces photos={post.photos} />
      {((isPublished && post.takesComments) || ((isPublished || isArchived) && post.commentCount > 0)) && (
        <CommentList
          postId={post.id}
          comments={comments}
          talk={talk}
          canReply={isPublished && me !== null && post.takesComments}
          isReadOnly={isArchived}
        />
      )}
    </div>
  );
  const actions = (
    <div key="actions" className="post-page-actions">
      {isPublished ? (
        <PostActions
          post={post}
          onLike={like}
          onComment={me ? () => talk.input.current?.focus() : undefined}
        />
      ) : (
        <>
          <Developing post={post} />
          {isArchived && post.likeCount !== null && post.likeCount > 0 && <PostLikes post={post} />}
        </>
      )}
      <p className="post-time muted">
        <TimeAgo iso={post.createdAt} />
      </p>
    </div>
  );
  return (
    <article className="post-page">
      <h1 className="hidden-visually">{t('feed.postBy', { handle: post.account.handle })}</h1>
      <PostHeader post={post} moreEntries={useOriginalEntries(post)} />
      <PhotoCarousel
        post={post}
        slot={SLOT}
        tallest={TALLEST}
        isFirst
        isWhole
        onDoubleTap={isPublished ? () => like(true) : undefined}
      />
      {isBeside ? [words, actions] : [actions, words]}
      {isPublished &&
        (!post.takesComments ? (
          <p className="post-page-visitor muted">{t('post.commentsOff')}</p>
        ) : me ? (
          <CommentForm postId={post.id} talk={talk} me={me} />
        ) : (
          <p className="post-page-visitor muted">
            <Text
              id="post.signInTo"
              values={{
                link: (
                  <Link href={paths.signIn(paths.post(post.id))} className="text-link">
                    {t('post.signInLink')}
                  </Link>
                ),
              }}
            />
          </p>
        ))}
    </article>
  );
}
