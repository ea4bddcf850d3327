/** Posts → cards, of what this viewer may see: two statements for a page, whatever its length. */
import type { AccountId, PostId } from '../../core/ids.ts';
import type { Photo, PostCard } from '../../core/shapes.ts';
import { NotFound } from '../errors.ts';
import { seeAccounts, type ViewerId, type Visible } from '../features/graph/audience.ts';
import { findLiked } from '../features/likes/likes.ts';
import { photoUrls } from '../features/media/addresses.ts';
import { findCards } from '../features/posts/cards.ts';
import { findPost, type PhotoRow, type PostRow, type SeenPost, seePosts } from '../features/posts/posts.ts';
import type { App } from '../infra/app.ts';
import { requestContext } from '../infra/request-context.ts';
import { markSeen } from '../infra/shards.ts';
import { presentCard } from './accounts.ts';

/** Keeps the order; drops what the viewer may not see. Unpublished posts are seen by their author alone. */
export async function hydratePosts(app: App, viewer: ViewerId, posts: PostRow[]): Promise<PostCard[]> {
  const postIds = posts.map((post) => post.post_id);
  // Rows of a replica may have been deleted since: then the posts themselves are looked at again.
  if (requestContext()?.hasReadReplica) {
    const cards = new Map(posts.map((post) => [post.post_id, post]));
    return presentSeen(app, viewer, postIds, seePosts(app, viewer, postIds), Promise.resolve(cards));
  }
  const [seen, liked] = await Promise.all([
    seeAccounts(app, viewer, [...new Set(posts.map((post) => post.account_id))]),
    viewer ? findLiked(app, viewer, postIds) : new Set<PostId>(),
  ]);
  return posts.flatMap((post) => {
    const account = seen.get(post.account_id);
    return account && isSeen(post, account, viewer)
      ? [presentPost(app, post, account, liked.has(post.post_id))]
      : [];
  });
}

function isSeen(post: Pick<PostRow, 'state' | 'account_id'>, account: Visible, viewer: ViewerId): boolean {
  if (post.state === 'deleted' || account.sees !== 'all') return false;
  return post.state === 'published' || post.account_id === viewer;
}

/**
 * In the order of the ids. `mayLag`: replicas may answer what does not depend on privacy; not for what the viewer himself has
 * just made. `onlyFollowed`: the ids are of a list that may be a moment older than the viewer's follows.
 */
export async function hydratePostIds(
  app: App,
  viewer: ViewerId,
  postIds: PostId[],
  options: { mayLag: boolean; onlyFollowed?: boolean },
): Promise<PostCard[]> {
  const seeing = seePosts(app, viewer, postIds);
  const versions = seeing.then((seen) => {
    const there = [...seen].filter(([, { facts }]) => facts.state !== 'deleted');
    return new Map(there.map(([postId, { facts }]) => [postId, facts.card_version]));
  });
  versions.catch(() => undefined);
  const cards = findCards(app, postIds, versions, options);
  return presentSeen(app, viewer, postIds, seeing, cards, options.onlyFollowed);
}

async function presentSeen(
  app: App,
  viewer: ViewerId,
  postIds: PostId[],
  seeing: Promise<Map<PostId, SeenPost>>,
  finding: Promise<Map<PostId, Omit<PostRow, 'state' | 'like_count' | 'comment_count'>>>,
  onlyFollowed = false,
): Promise<PostCard[]> {
  const [seen, cards, liked] = await Promise.all([
    seeing,
    finding,
    viewer ? findLiked(app, viewer, postIds) : new Set<PostId>(),
  ]);
  return postIds.flatMap((postId) => {
    const [found, card] = [seen.get(postId), cards.get(postId)];
    if (!found || !card || !isSeen(found.facts, found.account, viewer)) return [];
    const { facts, account } = found;
    if (onlyFollowed && account.accountId !== viewer && facts.follower_state !== 'accepted') return [];
    const { state, like_count, comment_count } = facts;
    return [presentPost(app, { ...card, state, like_count, comment_count }, account, liked.has(postId))];
  });
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
    photos: presentPhotos(app, post.photos, account),
    likeCount: Number(post.like_count),
    commentCount: Number(post.comment_count),
    liked,
  };
}

const presented = new WeakMap<PhotoRow[], Photo[]>();

/** Those of public accounts have lasting addresses: for a card that many read they are made once. */
function presentPhotos(app: App, photos: PhotoRow[], account: Visible): Photo[] {
  const known = account.isPrivate ? undefined : presented.get(photos);
  if (known) return known;
  const made = photos.map((photo) => presentPhoto(app, photo, account));
  if (!account.isPrivate && photos.every(({ shelf }) => shelf === 'public')) presented.set(photos, made);
  return made;
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
