/**
 * Posts that are not shared yet: their author's alone, whatever their state. Photos of a draft are uploads that have not been
 * claimed, and do not expire while a draft names them. When it is published it ends, in the same transaction.
 */
import { type AccountId, type DraftId, type MediaId, shardOf } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { Conflict, Invalid, NotFound, Unusable } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { lockEdges, writeAt } from '../../infra/shards.ts';
import { selectNextId } from '../accounts/store.ts';
import { hashOfEdits, type Thumbnail } from '../media/thumbnails.ts';
import { type Publish, photoWish, publishBody } from '../posts/schema.ts';
import type { Draft, DraftContent } from './schema.ts';
import * as store from './store.ts';

const KEPT_DAYS = 30;
/** As any upload that nothing has claimed: it may be put back into the draft. */
const LEFT_OUT_MINUTES = 24 * 60;
const ENDED_MINUTES = 15;
const UPLOAD_BYTES_MAX = 5 * 1024 ** 3;
const AHEAD_MIN_MS = 60_000;
const AHEAD_MAX_MS = limits.scheduleDaysMax * 86_400_000;
/** A clock that is a little ahead of ours, and the way to here. */
const SLACK_MS = 5_000;

/** The same key gives the same draft. Throws Conflict too_many_drafts or drafts_full, Unusable upload_unknown. */
export async function createDraft(
  app: App,
  viewer: AccountId,
  content: DraftContent,
  idempotencyKey: string | null,
): Promise<Draft> {
  const draftId = await writeAt(app.shards, viewer, async (tx) => {
    if (!(await store.selectIsActiveForShare(tx, viewer))) throw new NotFound();
    await lockEdges(tx, [`drafts ${viewer}`]);
    const before = idempotencyKey && (await store.selectByKey(tx, viewer, idempotencyKey));
    if (before) return before;
    if ((await store.countDrafts(tx, viewer)) >= limits.draftsMax)
      throw new Conflict(
        'too_many_drafts',
        `At most ${limits.draftsMax} drafts are possible. Publish or delete some first.`,
      );
    const uploadIds = uploadIdsOf(content);
    await refuseUnknown(tx, viewer, uploadIds);
    const id = await selectNextId<DraftId>(tx, shardOf(viewer));
    await store.insertDraft(tx, id, viewer, { content, uploadIds, idempotencyKey });
    await keepUploads(tx, viewer, uploadIds);
    await refuseTooManyBytes(tx, viewer);
    return id;
  });
  return getDraft(app, viewer, draftId);
}

export async function getDraft(app: App, viewer: AccountId, draftId: DraftId): Promise<Draft> {
  const row = await store.selectDraft(app.shards, draftId, viewer);
  if (!row) throw new NotFound();
  return (await present(app, viewer, [row]))[0] as Draft;
}

export async function listDrafts(app: App, viewer: AccountId): Promise<Draft[]> {
  return present(app, viewer, await store.selectDrafts(app.shards, viewer, limits.draftsMax));
}

/** Throws Conflict draft_changed when there is a newer version than the given one; not when that holds the same. */
export async function saveDraft(
  app: App,
  viewer: AccountId,
  draftId: DraftId,
  { content, version }: { content: DraftContent; version: number },
): Promise<Draft> {
  await changeDraft(app, viewer, draftId, async (tx, before) => {
    if (before.version !== version) {
      // Only the answer to the same request was lost.
      if (before.version === version + 1 && (await store.isContent(tx, draftId, content))) return;
      throw new Conflict('draft_changed', 'This draft was changed elsewhere meanwhile. Look at it again.');
    }
    const known = new Set(before.upload_ids);
    const uploadIds = uploadIdsOf(content);
    const added = uploadIds.filter((uploadId) => !known.has(uploadId));
    await refuseUnknown(tx, viewer, added);
    await store.updateContent(tx, draftId, content, uploadIds);
    await keepUploads(tx, viewer, [...known.union(new Set(uploadIds))]);
    if (added.length > 0) await refuseTooManyBytes(tx, viewer);
  });
  return getDraft(app, viewer, draftId);
}

export async function deleteDraft(app: App, viewer: AccountId, draftId: DraftId): Promise<void> {
  await writeAt(app.shards, draftId, (tx) => endDraft(tx, viewer, draftId));
}

/** Throws Invalid for a moment that is too near or too far, and for what could not be published as it is. */
export async function scheduleDraft(
  app: App,
  viewer: AccountId,
  draftId: DraftId,
  publishAt: Date,
): Promise<Draft> {
  const aheadMs = publishAt.getTime() - app.clock.nowMs();
  if (aheadMs < AHEAD_MIN_MS - SLACK_MS || aheadMs > AHEAD_MAX_MS) {
    const message = `A post can be published in one minute to ${limits.scheduleDaysMax} days from now.`;
    throw new Invalid('invalid', message, [{ path: 'publishAt', message, code: 'publish_time' }]);
  }
  await changeDraft(app, viewer, draftId, async (tx, before) => {
    wishOf(before.content);
    await store.updatePublishAt(tx, draftId, publishAt);
    await keepUploads(tx, viewer, before.upload_ids);
  });
  return getDraft(app, viewer, draftId);
}

export async function unscheduleDraft(app: App, viewer: AccountId, draftId: DraftId): Promise<Draft> {
  await changeDraft(app, viewer, draftId, async (tx, before) => {
    if (!before.publish_at) return;
    await store.updatePublishAt(tx, draftId, null);
    await keepUploads(tx, viewer, before.upload_ids);
  });
  return getDraft(app, viewer, draftId);
}

/** When it is published, or deleted. What of its uploads nothing claims expires soon. Throws NotFound. */
export async function endDraft(tx: Transaction, viewer: AccountId, draftId: DraftId): Promise<void> {
  const draft = await store.selectDraftForUpdate(tx, draftId, viewer);
  if (!draft) throw new NotFound();
  await store.deleteDraft(tx, draftId);
  await store.updateExpiry(tx, viewer, draft.upload_ids, { days: KEPT_DAYS, minutes: ENDED_MINUTES });
}

/** For the removal of an account. */
export async function dropDrafts(app: App, accountId: AccountId): Promise<void> {
  await writeAt(app.shards, accountId, (tx) => store.deleteDraftsOf(tx, accountId));
}

/** Throws NotFound unless the draft is the viewer's, names the upload, and its bytes are here. */
export async function mustFindPhoto(
  app: App,
  viewer: AccountId,
  draftId: DraftId,
  uploadId: MediaId,
): Promise<Thumbnail> {
  const draft = await store.selectDraft(app.shards, draftId, viewer);
  const photo = draft?.content.photos.find((each) => each.uploadId === uploadId);
  const [upload] = photo ? await store.selectUploads(app.shards, viewer, [uploadId]) : [];
  if (!photo || !upload?.is_here) throw new NotFound();
  return { mediaId: uploadId, edits: photo.edits };
}

/** What publishing takes of a draft. Throws Invalid draft_unfinished, with a sentence, when it would not take it. */
export function wishOf(content: DraftContent): Publish {
  const photos = content.photos.map((photo) => partOf(photo, photoWish.shape));
  const wish = publishBody.safeParse({ ...partOf(content, publishBody.shape), photos });
  if (wish.success) return wish.data;
  const [issue] = wish.error.issues;
  const fault = unfinished(issue?.code, issue?.path.map(String) ?? []);
  throw new Invalid('draft_unfinished', fault.message, [{ path: issue?.path.join('.') ?? '', ...fault }]);
}

function partOf(whole: object, shape: object): object {
  return Object.fromEntries(Object.entries(whole).filter(([key, value]) => key in shape && value !== null));
}

function unfinished(issue: string | undefined, path: string[]): { code: string; message: string } {
  const field = path.at(-1);
  if (field === 'photos' && issue === 'too_small')
    return { code: 'draft_no_photo', message: 'There is no photo in this draft.' };
  if (field === 'caption' && issue === 'too_big')
    return {
      code: 'draft_caption_long',
      message: `The caption is longer than ${limits.captionMax.toLocaleString('en')} characters.`,
    };
  if (field === 'altText' && issue === 'too_big')
    return {
      code: 'draft_alt_long',
      message: `The description of photo ${Number(path[1]) + 1} is longer than ${limits.altTextMax.toLocaleString('en')} characters.`,
    };
  return {
    code: 'draft_unfinished',
    message: `This draft cannot be published as it is${field ? `: look at ${field}` : ''}.`,
  };
}

async function changeDraft(
  app: App,
  viewer: AccountId,
  draftId: DraftId,
  change: (tx: Transaction, before: store.DraftRow) => Promise<void>,
): Promise<void> {
  await writeAt(app.shards, draftId, async (tx) => {
    const before = await store.selectDraftForUpdate(tx, draftId, viewer);
    if (!before) throw new NotFound();
    await change(tx, before);
  });
}

function uploadIdsOf(content: DraftContent): MediaId[] {
  return [...new Set(content.photos.map(({ uploadId }) => uploadId))];
}

async function refuseUnknown(tx: Transaction, viewer: AccountId, uploadIds: MediaId[]): Promise<void> {
  const own = new Set(await store.selectOwn(tx, viewer, uploadIds));
  const unknown = uploadIds.find((uploadId) => !own.has(uploadId));
  if (unknown) throw new Unusable(422, 'upload_unknown', `There is no upload ${unknown} of yours.`);
}

function keepUploads(tx: Transaction, viewer: AccountId, uploadIds: MediaId[]): Promise<void> {
  return store.updateExpiry(tx, viewer, uploadIds, { days: KEPT_DAYS, minutes: LEFT_OUT_MINUTES });
}

async function refuseTooManyBytes(tx: Transaction, viewer: AccountId): Promise<void> {
  if ((await store.sumBytes(tx, viewer)) > UPLOAD_BYTES_MAX)
    throw new Conflict('drafts_full', 'Your drafts hold too many photos. Publish or delete some first.');
}

async function present(app: App, viewer: AccountId, rows: store.DraftRow[]): Promise<Draft[]> {
  const uploads = await store.selectUploads(app.shards, viewer, [
    ...new Set(rows.flatMap((row) => row.upload_ids)),
  ]);
  const found = new Map(uploads.map((upload) => [upload.media_id, upload]));
  return rows.map((row) => ({
    id: row.draft_id,
    version: row.version,
    updatedAt: row.updated_at.toISOString(),
    publishAt: row.publish_at?.toISOString() ?? null,
    failure: row.failure,
    failureCode: row.failure_code,
    content: row.content,
    photos: row.content.photos.map(({ uploadId, edits }) => {
      const upload = found.get(uploadId);
      const at = `/api/v1/drafts/${row.draft_id}/photos/${uploadId}/thumbnail?edits=${hashOfEdits(edits)}`;
      return {
        uploadId,
        url: upload?.is_here ? at : null,
        thumbhash: upload?.thumbhash ?? null,
        isMissing: !upload,
      };
    }),
  }));
}
