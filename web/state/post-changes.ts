/** A post that is being edited after it was shared, and what of it is to be sent. */
import type { Edits } from '../../core/edits.ts';
import type { AccountId, MediaId } from '../../core/ids.ts';
import type { PostCard } from '../../core/shapes.ts';
import type { EditPost } from '../../server/features/posts/schema.ts';
import { choicesOf, type PostChoices, type TaggedPerson } from './post-choices.ts';

export type ChangedPhoto = {
  mediaId: string;
  altText: string;
  people: readonly TaggedPerson[];
  /** null: as they were. */
  edits: Edits | null;
};
export type ChangedPost = { caption: string; choices: PostChoices; photos: readonly ChangedPhoto[] };

export function beginChanges(post: PostCard): ChangedPost {
  const photos = post.photos.map(({ mediaId, altText, people }) => ({
    mediaId,
    altText,
    people,
    edits: null,
  }));
  return { caption: post.caption, choices: choicesOf(post), photos };
}

/** What of the form differs from the post, but for edits of photos, which are sent one by one; null when nothing does. */
export function changeOf(post: PostCard, { caption, choices, photos }: ChangedPost): EditPost | null {
  const before = beginChanges(post);
  const placeName = choices.placeName.trim();
  const change: EditPost = {
    ...(caption.trim() !== before.caption && { caption: caption.trim() }),
    ...(placeName !== before.choices.placeName && { placeName: placeName || null }),
    ...(choices.audience !== before.choices.audience && { audience: choices.audience }),
    ...(choices.takesComments !== before.choices.takesComments && { takesComments: choices.takesComments }),
    ...(choices.hidesLikeCount !== before.choices.hidesLikeCount && {
      hidesLikeCount: choices.hidesLikeCount,
    }),
    ...(arePhotosChanged(before.photos, photos) && { photos: photoWishes(before.photos, photos) }),
  };
  return Object.keys(change).length > 0 ? change : null;
}

function arePhotosChanged(before: readonly ChangedPhoto[], now: readonly ChangedPhoto[]): boolean {
  return now.some((photo, at) => {
    const other = before[at];
    return (
      photo.mediaId !== other?.mediaId ||
      photo.altText.trim() !== other.altText ||
      !isSamePeople(other.people, photo.people)
    );
  });
}

/** Names are sent of those photos alone on which they have changed: there may be some that the author does not see. */
function photoWishes(before: readonly ChangedPhoto[], now: readonly ChangedPhoto[]): EditPost['photos'] {
  return now.map(({ mediaId, altText, people }) => {
    const known = before.find((photo) => photo.mediaId === mediaId)?.people ?? [];
    return {
      mediaId: mediaId as MediaId,
      altText: altText.trim(),
      ...(!isSamePeople(known, people) && { people: peopleWish(people) }),
    };
  });
}

export function peopleWish(people: readonly TaggedPerson[]) {
  return people.map(({ account, x, y }) => ({ accountId: account.id as AccountId, x, y }));
}

function isSamePeople(a: readonly TaggedPerson[], b: readonly TaggedPerson[]): boolean {
  return JSON.stringify(peopleWish(a)) === JSON.stringify(peopleWish(b));
}
