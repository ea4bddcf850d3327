/** A draft of this browser and its copy on the server, each made of the other. */
import type { Edits } from '../../core/edits.ts';
import type { MediaId } from '../../core/ids.ts';
import type { Publish } from '../../server/features/posts/schema.ts';
import { fetchDraftPicture } from '../api/drafts.ts';
import type { ServerDraft } from '../api/types.ts';
import { measurePhoto } from '../darkroom/darkroom.ts';
import { type Draft, emptyDraft, newPhoto } from '../state/draft.ts';
import { peopleWish } from '../state/post-changes.ts';
import type { DraftPhoto } from '../state/upload-queue.ts';
import { roughly } from './photo-place.ts';

type ServerPhoto = ServerDraft['content']['photos'][number];

/** What is saved: the photos that have arrived. Null before the first has. Alike for drafts that are alike. */
export function contentOf(draft: Draft): { text: string; uploadIds: string[] } | null {
  const saved = new Set(draft.saved?.uploadIds);
  const photos = draft.photos.flatMap((photo) => {
    const { uploadId, sending, altText, edits, people, takenAt } = photo;
    // One that was saved before stays in it while it is asked for anew.
    if (!uploadId || !(sending.kind === 'received' || saved.has(uploadId))) return [];
    const place = shownPlace(photo);
    return [{ uploadId, altText, edits: ordered(edits), people: peopleWish(people), takenAt, place }];
  });
  if (photos.length === 0 && !draft.saved) return null;
  const { placeName, audience, takesComments, hidesLikeCount } = draft.choices;
  const content = {
    caption: draft.caption,
    placeName: placeName === '' ? null : placeName,
    audience,
    takesComments,
    hidesLikeCount,
    photos,
  };
  return { text: JSON.stringify(content), uploadIds: photos.map(({ uploadId }) => uploadId) };
}

/** What publishes it. */
export function postOf(draft: Draft): Publish {
  const { placeName, audience, takesComments, hidesLikeCount } = draft.choices;
  const place = placeName.trim();
  return {
    caption: draft.caption.trim(),
    ...(place !== '' && { placeName: place }),
    ...(audience !== 'everyone' && { audience }),
    ...(!takesComments && { takesComments }),
    ...(hidesLikeCount && { hidesLikeCount }),
    photos: draft.photos.flatMap((photo) => {
      const { sending, altText, edits, takenAt, people } = photo;
      if (sending.kind !== 'received') return [];
      const shown = shownPlace(photo);
      return [
        {
          uploadId: sending.uploadId as MediaId,
          altText: altText.trim(),
          edits,
          ...(takenAt && { takenAt }),
          ...(shown && { place: shown }),
          ...(people.length > 0 && { people: peopleWish(people) }),
        },
      ];
    }),
    ...(draft.saved && { draftId: draft.saved.id as NonNullable<Publish['draftId']> }),
  };
}

/** Photos that are in this browser already are not fetched; those of this browser that are not sent yet stay, at the end. */
export async function draftOf(remote: ServerDraft, here: Draft): Promise<Draft> {
  const { content, id, version, publishAt } = remote;
  const isSameDraft = here.saved?.id === id;
  const photos: DraftPhoto[] = [];
  for (const photo of content.photos) {
    const known = isSameDraft ? here.photos.find(({ uploadId }) => uploadId === photo.uploadId) : undefined;
    const isMissing = remote.photos.find(({ uploadId }) => uploadId === photo.uploadId)?.isMissing;
    if (known) photos.push({ ...known, ...wordsOf(photo, remote) });
    else if (!isMissing) photos.push(await fetchPhoto(photo, remote));
  }
  const saved = new Set(here.saved?.uploadIds);
  const unsent = isSameDraft ? here.photos.filter(({ uploadId }) => !uploadId || !saved.has(uploadId)) : [];
  const { placeName, audience, takesComments, hidesLikeCount } = content;
  const draft: Draft = {
    ...emptyDraft(),
    ...(isSameDraft && { idempotencyKey: here.idempotencyKey }),
    photos: [...photos, ...unsent.filter((photo) => !photos.some(({ key }) => key === photo.key))],
    caption: content.caption,
    selectedKey: photos[0]?.key ?? unsent[0]?.key ?? null,
    choices: { placeName: placeName ?? '', audience, takesComments, hidesLikeCount },
    publishAt,
    saved: { id, version, publishAt, text: '', uploadIds: content.photos.map(({ uploadId }) => uploadId) },
  };
  const text = photos.length === content.photos.length && unsent.length === 0 ? contentOf(draft)?.text : '';
  return draft.saved ? { ...draft, saved: { ...draft.saved, text: text ?? '' } } : draft;
}

async function fetchPhoto(photo: ServerPhoto, remote: ServerDraft): Promise<DraftPhoto> {
  const picture = await fetchDraftPicture(remote.id, photo.uploadId);
  const base = newPhoto(picture);
  const size = await measurePhoto(base.key, picture).catch(() => null);
  return {
    ...base,
    ...wordsOf(photo, remote),
    uploadId: photo.uploadId,
    prepared: picture,
    // Of what the server holds no more is here than this.
    size: size && { ...size, sourceWidth: size.width, sourceHeight: size.height },
  };
}

function wordsOf({ altText, edits, people, takenAt, place }: ServerPhoto, remote: ServerDraft) {
  return {
    altText,
    edits: edits as Edits,
    takenAt,
    ...(place && { place, showsPlace: true }),
    people: people.flatMap(({ accountId, x, y }) => {
      const account = remote.people.find(({ id }) => id === accountId);
      return account ? [{ account, x, y }] : [];
    }),
  };
}

/** Only what the post shall tell leaves the browser. */
function shownPlace({ place, showsPlace }: DraftPhoto) {
  return place && showsPlace ? roughly(place) : null;
}

function ordered({ frame, look }: Edits): Edits {
  const { turns, isMirrored, degrees, crop } = frame;
  const { filter, strength, adjustments } = look;
  const sorted = Object.entries(adjustments).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    frame: {
      turns,
      isMirrored,
      degrees,
      crop: crop && { left: crop.left, top: crop.top, width: crop.width, height: crop.height },
    },
    look: { filter, strength, adjustments: Object.fromEntries(sorted) },
  };
}
