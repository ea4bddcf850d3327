/** Posts → cards, of what this viewer may see: two statements for a page, whatever its length. */
import type { AccountId, PostId } from '../../core/ids.ts';
import type { Photo, PostCard } from '../../core/shapes.ts';
import { NotFound } from '../errors.ts';
import { maySeePost, seeAccounts, type ViewerId, type Visible } from '../features/graph/audience.ts';
import { findMarks, type Marks } from '../features/likes/likes.ts';
import { photoUrls } from '../features/media/addresses.ts';
import { findCards } from '../features/posts/cards.ts';
import {
  findPost,
  likeCountFor,
  type PersonRow,
  type PhotoRow,
  type PostFacts,
  type PostRow,
  type SeenPost,
  seePosts,
} from '../features/posts/posts.ts';
import type { App } from '../infra/app.ts';
import { requestContext } from '../infra/request-context.ts';
import { markSeen } from '../infra/shards.ts';
import { presentCard } from './accounts.ts';

/** Keeps the order; drops what the viewer may not see. Unpublished posts are seen by their author alone. */
export async function hydratePosts(app: App, viewer: ViewerId, posts: PostRow[]): Promise<PostCard[]> {
  const postIds = posts.map((post) => post.post_id);
  // Rows of a replica may have been deleted or hidden since: then the posts themselves are looked at again.
  if (requestContext()?.hasReadReplica) {
    const cards = new Map(posts.map((post) => [post.post_id, post]));
    return presentSeen(app, viewer, postIds, seePosts(app, viewer, postIds), Promise.resolve(cards), {
      withOwn: true,
    });
  }
  const [seen, marks] = await Promise.all([
    seeAccounts(app, viewer, [...new Set([...posts.map((post) => post.account_id), ...namedOn(posts)])]),
    findMarks(app, viewer, postIds),
  ]);
  return posts.flatMap((post) => {
    const account = seen.get(post.account_id);
    return account && maySeePost(viewer, post, account)
      ? [presentPost(app, viewer, post, account, seen, marks)]
      : [];
  });
}

function namedOn(posts: Iterable<Pick<PostRow, 'people'>>): AccountId[] {
  return [...posts].flatMap(({ people }) => people?.map((person) => person.account_id) ?? []);
}

/** `withOwn`: the viewer's own too that are not published. `onlyFollowed`: the ids are of a list that may be a moment older than his follows. */
type Kept = { withOwn?: boolean; onlyFollowed?: boolean };

/**
 * In the order of the ids; published ones. `mayLag`: replicas may answer what does not depend on privacy; not for what the viewer
 * himself has just made.
 */
export async function hydratePostIds(
  app: App,
  viewer: ViewerId,
  postIds: PostId[],
  options: { mayLag: boolean } & Kept,
): Promise<PostCard[]> {
  const seeing = seePosts(app, viewer, postIds);
  const versions = seeing.then(
    (seen) => new Map([...seen].map(([postId, { facts }]) => [postId, facts.card_version])),
  );
  versions.catch(() => undefined);
  const cards = findCards(app, postIds, versions, options);
  return presentSeen(app, viewer, postIds, seeing, cards, options);
}

type Card = Omit<PostRow, keyof PostFacts> & Pick<PostRow, 'post_id' | 'account_id'>;

async function presentSeen(
  app: App,
  viewer: ViewerId,
  postIds: PostId[],
  seeing: Promise<Map<PostId, SeenPost>>,
  finding: Promise<Map<PostId, Card>>,
  { withOwn = false, onlyFollowed = false }: Kept,
): Promise<PostCard[]> {
  const [seen, cards, marks] = await Promise.all([seeing, finding, findMarks(app, viewer, postIds)]);
  const shown = postIds.flatMap((postId) => {
    const [found, card] = [seen.get(postId), cards.get(postId)];
    if (!found || !card || (!withOwn && found.facts.state !== 'published')) return [];
    const { facts, account } = found;
    if (onlyFollowed && account.accountId !== viewer && !account.isFollowed) return [];
    // In this order: a card out of a replica may say something else of what privacy depends on.
    return [{ account, post: { ...card, ...facts } }];
  });
  const named = await seeAccounts(app, viewer, [...new Set(namedOn(shown.map(({ post }) => post)))]);
  return shown.map(({ account, post }) => presentPost(app, viewer, post, account, named, marks));
}

/** Only the counts, as they stand, of published posts that the viewer may see. */
export async function hydrateCounts(app: App, viewer: ViewerId, postIds: PostId[]) {
  const seen = await seePosts(app, viewer, postIds);
  return new Map(
    [...seen].flatMap(([postId, { facts }]) =>
      facts.state === 'published' ? [[postId, countsOf(viewer, facts)] as const] : [],
    ),
  );
}

function countsOf(viewer: ViewerId, facts: SeenPost['facts']) {
  return {
    ownerId: facts.account_id,
    likeCount: likeCountFor(viewer, facts),
    commentCount: Number(facts.comment_count),
  };
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

/** `named`: of those who are on the photos, whom the viewer may see. */
function presentPost(
  app: App,
  viewer: ViewerId,
  post: PostRow,
  account: Visible,
  named: Map<AccountId, Visible>,
  marks: Marks,
): PostCard {
  return {
    id: post.post_id,
    account: presentCard(app, account),
    caption: post.caption,
    state: post.state === 'deleted' ? 'failed' : post.state,
    createdAt: post.created_at.toISOString(),
    photos: withPeople(app, presentPhotos(app, post, account), post.people, named),
    placeName: post.place_name,
    audience: post.audience,
    takesComments: post.takes_comments,
    hidesLikeCount: post.hides_like_count,
    likeCount: likeCountFor(viewer, post),
    commentCount: Number(post.comment_count),
    isPinned: post.is_pinned,
    liked: marks.liked.has(post.post_id),
    saved: marks.saved.has(post.post_id),
  };
}

/** Who is on a photo is shown to each viewer otherwise, and so kept apart from what is made once. */
function withPeople(
  app: App,
  photos: Photo[],
  people: PersonRow[] | null,
  named: Map<AccountId, Visible>,
): Photo[] {
  if (!people) return photos;
  return photos.map((photo) => ({
    ...photo,
    people: people.flatMap(({ media_id, account_id, x, y }) => {
      const account = media_id === photo.mediaId ? named.get(account_id) : undefined;
      return account ? [{ account: presentCard(app, account), x, y }] : [];
    }),
  }));
}

const presented = new WeakMap<PhotoRow[], Photo[]>();

/** Those that everybody may see have lasting addresses: for a card that many read they are made once. */
function presentPhotos(app: App, post: PostRow, account: Visible): Photo[] {
  const { photos } = post;
  const isPrivate = account.isPrivate || post.audience === 'followers' || post.state === 'archived';
  const known = isPrivate ? undefined : presented.get(photos);
  if (known) return known;
  const made = photos.map((photo) => presentPhoto(app, photo, account.accountId, isPrivate));
  if (!isPrivate && photos.every(({ shelf }) => shelf === 'public')) presented.set(photos, made);
  return made;
}

function presentPhoto(app: App, photo: PhotoRow, accountId: AccountId, isPrivate: boolean): Photo {
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
    // A card of the version before does not have it.
    failureCode: photo.failure_code ?? null,
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
    people: [],
  };
}
