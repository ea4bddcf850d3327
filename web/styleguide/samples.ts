/** Members and posts that nobody made, in the states that are rare. */
import { PLAIN_EDITS } from '../../core/edits.ts';
import type {
  AccountWithRelationship,
  CommentCard,
  Photo,
  PostCard,
  Relationship,
} from '../../core/shapes.ts';
import type { Profile } from '../../server/features/accounts/schema.ts';
import type { Activity, ServerDraft } from '../api/types.ts';
import type { DraftPhoto, Sending } from '../state/upload-queue.ts';

const NOW = '2026-11-30T12:00:00.000Z';
const PLACEHOLDERS = [
  '1QcSHQRnh493V4dIh4eXh1h4kJUI',
  '3PcNNYSFeXh/d3eld0iHZoZgVwh2',
  'VggKDYAW6lZvdYd6d2iZh/p4GE/k',
];

const strangers: Relationship = { isSelf: false, following: 'no', followsYou: false, blocked: false };

export function account(
  handle: string,
  name: string,
  relationship: Partial<Relationship> = {},
  isPrivate = false,
): AccountWithRelationship {
  return {
    id: `1${handle.length}`,
    handle,
    name,
    isPrivate,
    avatarUrl: null,
    relationship: { ...strangers, ...relationship },
  };
}

export const people = {
  ann: account('ann', 'Ann Archer'),
  long: account('a.handle.as.long.as.may.be.30', 'Maximiliane-Alexandra von Hohenstein und Freiherr zu Lang'),
  arabic: account('layla', 'ليلى الحسن'),
  nameless: account('bo', ''),
};

export function photo(at: number, more: Partial<Photo> = {}): Photo {
  return {
    mediaId: `${at + 1}`,
    state: 'ready',
    stage: 'ready',
    failure: null,
    failureCode: null,
    altText: '',
    filter: 'none',
    width: 1080,
    height: 810,
    thumbhash: PLACEHOLDERS[at % PLACEHOLDERS.length] ?? null,
    averageColour: '#777777',
    takenAt: null,
    place: null,
    renditions: [],
    people: [],
    ...more,
  };
}

/** With a picture. */
export function drawn(at: number): Photo {
  const renditions = [{ name: 'w640', url: '/icons/512.png', width: 640, height: 640 }];
  return photo(at, { width: 640, height: 640, renditions });
}

let made = 0;

export function post(more: Partial<PostCard> = {}): PostCard {
  made++;
  return {
    id: `${1_000 + made}`,
    account: people.ann,
    caption: 'First light over the harbour.',
    createdAt: NOW,
    state: 'published',
    photos: [drawn(made)],
    likeCount: 12,
    commentCount: 3,
    liked: false,
    saved: false,
    placeName: null,
    takesComments: true,
    hidesLikeCount: false,
    audience: 'everyone',
    isPinned: false,
    ...more,
  };
}

export function comment(text: string, more: Partial<CommentCard> = {}): CommentCard {
  made++;
  return {
    id: `${2_000 + made}`,
    postId: '1',
    account: people.ann,
    text,
    createdAt: NOW,
    canDelete: false,
    parentId: null,
    likeCount: 0,
    liked: false,
    replyCount: 0,
    ...more,
  };
}

export function profile(of: AccountWithRelationship, more: Partial<Profile> = {}): Profile {
  return {
    ...of,
    bio: 'Light and stone. #granite https://example.org',
    followerCount: 1_234_567,
    followingCount: 84,
    postCount: 1,
    avatarLargeUrl: null,
    canSeePosts: true,
    ...more,
  };
}

export function draft(caption: string, more: Partial<ServerDraft> = {}): ServerDraft {
  made++;
  return {
    id: `${3_000 + made}`,
    version: 1,
    updatedAt: NOW,
    publishAt: null,
    failure: null,
    failureCode: null,
    content: {
      caption,
      placeName: null,
      audience: 'everyone',
      takesComments: true,
      hidesLikeCount: false,
      photos: [],
    },
    photos: [],
    people: [],
    ...more,
  };
}

export function draftPhoto(sending: Sending, at: number): DraftPhoto {
  return {
    key: `${at}`,
    file: new Blob(),
    prepared: null,
    size: null,
    isUnreadable: true,
    larger: null,
    altText: '',
    people: [],
    edits: PLAIN_EDITS,
    takenAt: null,
    place: null,
    showsPlace: false,
    uploadId: null,
    knownPostId: null,
    sending,
  };
}

export const posts: [name: string, post: PostCard][] = [
  ['One photo, 0 likes', post({ likeCount: 0, commentCount: 0 })],
  ['Three photos, the first not there yet', post({ photos: [photo(0), drawn(1), drawn(2)], likeCount: 1 })],
  [
    '20 photos, 1.2 million likes, liked and saved',
    post({
      photos: Array.from({ length: 20 }, (_, at) => drawn(at)),
      likeCount: 1_234_567,
      commentCount: 84_210,
      liked: true,
      saved: true,
      placeName: 'Reykjavík, Iceland',
    }),
  ],
  [
    'Long names, a long caption, a tall photo',
    post({
      account: people.long,
      caption: 'A word that is as long as some of them are: Donaudampfschifffahrtsgesellschaft. '.repeat(8),
      photos: [photo(1, { width: 1080, height: 1920 })],
    }),
  ],
  ['Right to left', post({ account: people.arabic, caption: 'ضوء الصباح الأول فوق الميناء #صباح' })],
  [
    'For followers, comments off, likes hidden',
    post({
      audience: 'followers',
      takesComments: false,
      hidesLikeCount: true,
      likeCount: null,
    }),
  ],
  [
    'Developing',
    post({ state: 'developing', photos: [photo(0, { state: 'developing', stage: 'developing' })] }),
  ],
  [
    'Failed',
    post({
      state: 'failed',
      photos: [photo(0, { state: 'failed', stage: 'failed', failureCode: 'image_damaged' }), photo(1)],
    }),
  ],
];

export function activity(kind: Activity['kind'], more: Partial<Activity> = {}): Activity {
  made++;
  const hasPost = !['followed', 'follow_requested', 'follow_accepted'].includes(kind);
  return {
    id: `${made}`,
    kind,
    account: people.ann,
    others: [],
    otherCount: 0,
    post: hasPost ? { id: '1', thumbnailUrl: null, altText: '' } : null,
    commentText: ['commented', 'mentioned', 'replied'].includes(kind) ? 'So quiet.' : null,
    createdAt: NOW,
    isUnread: made % 2 === 0,
    ...more,
  };
}
