/** Posts → cards, of what this viewer may see: two statements for a page, whatever its length. */
import type { AccountId, PostId } from '../../core/ids.ts';
import type { Photo, PostCard } from '../../core/shapes.ts';
import { NotFound } from '../errors.ts';
import { seeAccounts, type ViewerId, type Visible } from '../features/graph/audience.ts';
import { findLiked } from '../features/likes/likes.ts';
import { photoUrls } from '../features/media/addresses.ts';
import { findPost, findPosts, findStates, type PhotoRow, type PostRow } from '../features/posts/posts.ts';
import type { App } from '../infra/app.ts';
import { requestContext } from '../infra/request-context.ts';
import { markSeen } from '../infra/shards.ts';
import { presentCard } from './accounts.ts';

/** Keeps the order; drops what the viewer may not see. Unpublished posts are seen by their author alone. */
export async function hydratePosts(app: App, viewer: ViewerId, posts: PostRow[]): Promise<PostCard[]> {
  const [seen, liked, states] = await Promise.all([
    seeAccounts(app, viewer, [...new Set(posts.map((post) => post.account_id))]),
    viewer
      ? findLiked(
          app,
          viewer,
          posts.map((post) => post.post_id),
        )
      : new Set<PostId>(),
    requestContext()?.hasReadReplica
      ? findStates(
          app,
          posts.map((post) => post.post_id),
        )
      : null,
  ]);
  return posts.flatMap((row) => {
    const account = seen.get(row.account_id);
    const post = states ? { ...row, state: states.get(row.post_id) ?? 'deleted' } : row;
    return account && isSeen(post, account, viewer)
      ? [presentPost(app, post, account, liked.has(post.post_id))]
      : [];
  });
}

function isSeen(post: PostRow, account: Visible, viewer: ViewerId): boolean {
  if (post.state === 'deleted' || account.sees !== 'all') return false;
  return post.state === 'published' || post.account_id === viewer;
}

/** In the order of the ids. `mayLag`: not for what the viewer himself has just made. */
export async function hydratePostIds(
  app: App,
  viewer: ViewerId,
  postIds: PostId[],
  options: { mayLag: boolean },
): Promise<PostCard[]> {
  const found = await findPosts(app, postIds, options);
  const rows = new Map(found.map((post) => [post.post_id, post]));
  return hydratePosts(
    app,
    viewer,
    postIds.flatMap((postId) => rows.get(postId) ?? []),
  );
}

export async function hydratePost(app: App, viewer: ViewerId, postId: PostId): Promise<PostCard> {
  const row = await findPost(app, postId);
  const [post] = row ? await hydratePosts(app, viewer, [row]) : [];
  if (!post) throw new NotFound();
  // What the author was shown, e.g. that it is published now, he finds in all lists from now on.
  if (row?.account_id === viewer) await markSeen(app.shards, postId);
  return post;
}

/** Post id → its first photo as a small square, for posts that the viewer may see. */
export async function hydrateThumbnails(app: App, viewer: AccountId, postIds: PostId[]) {
  const posts = await hydratePostIds(app, viewer, postIds, { mayLag: true });
  return new Map(
    posts.map((post) => {
      const [photo] = post.photos;
      const square = photo?.renditions.find(({ name }) => name === 's150');
      return [post.id, { id: post.id, thumbnailUrl: square?.url ?? null, altText: photo?.altText ?? '' }];
    }),
  );
}

function presentPost(app: App, post: PostRow, account: Visible, liked: boolean): PostCard {
  return {
    id: post.post_id,
    account: presentCard(app, account),
    caption: post.caption,
    state: post.state === 'deleted' ? 'failed' : post.state,
    createdAt: post.created_at.toISOString(),
    photos: post.photos.map((photo) => presentPhoto(app, photo, account)),
    likeCount: Number(post.like_count),
    commentCount: Number(post.comment_count),
    liked,
  };
}

function presentPhoto(app: App, photo: PhotoRow, { accountId, isPrivate }: Visible): Photo {
  const state = photo.state === 'ready' || photo.state === 'failed' ? photo.state : 'developing';
  const urlOf = photoUrls(app, {
    accountId,
    mediaId: photo.media_id,
    revision: photo.revision,
    shelf: photo.shelf,
    isPrivate,
  });
  return {
    mediaId: photo.media_id,
    state,
    stage: state === 'developing' && !photo.is_in_work ? 'waiting' : state,
    failure: photo.failure_message,
    altText: photo.alt_text,
    filter: photo.filter,
    width: photo.width ?? 0,
    height: photo.height ?? 0,
    thumbhash: photo.thumbhash,
    averageColour: photo.average_colour,
    takenAt: photo.taken_at,
    place:
      photo.latitude === null || photo.longitude === null
        ? null
        : { latitude: photo.latitude, longitude: photo.longitude },
    renditions: photo.renditions.map(({ name, width, height }) => ({
      name,
      width,
      height,
      url: urlOf(name),
    })),
  };
}
