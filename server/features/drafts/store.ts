/** Table: drafts (owner's side). Of the table media: how long uploads that drafts name are kept. */
import type { AccountId, DraftId, MediaId } from '../../../core/ids.ts';
import { type Database, oneOf, type Transaction } from '../../infra/database.ts';
import { readAt, type Shards } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';
import type { DraftContent } from './schema.ts';

export type DraftRow = {
  draft_id: DraftId;
  account_id: AccountId;
  version: number;
  content: DraftContent;
  upload_ids: MediaId[];
  publish_at: Date | null;
  failure: string | null;
  failure_code: string | null;
  updated_at: Date;
};
export type DueRow = DraftRow & { publish_at: Date };
export type UploadRow = { media_id: MediaId; is_here: boolean; thumbhash: string | null };

/**
 * Held until the transaction ends, so that a deletion waits. False when it is gone. Shared: what develops photos holds it so
 * too before it counts the post, and would wait for whoever waits for it.
 */
export async function selectIsActiveForShare(tx: Transaction, accountId: AccountId): Promise<boolean> {
  const rows = await tx.rows(sql`
    select from accounts where account_id = ${accountId} and state = 'active' for share`);
  return rows.length > 0;
}

export async function countDrafts(tx: Transaction, accountId: AccountId): Promise<number> {
  const row = await oneOf<{ count: string }>(
    tx,
    sql`select count(*) from drafts where account_id = ${accountId}`,
  );
  return Number(row?.count);
}

export async function selectByKey(tx: Transaction, accountId: AccountId, key: string) {
  const row = await oneOf<{ draft_id: DraftId }>(
    tx,
    sql`select draft_id from drafts where account_id = ${accountId} and idempotency_key = ${key}`,
  );
  return row?.draft_id ?? null;
}

export async function insertDraft(
  tx: Transaction,
  draftId: DraftId,
  accountId: AccountId,
  draft: { content: DraftContent; uploadIds: MediaId[]; idempotencyKey: string | null },
): Promise<void> {
  await tx.rows(sql`
    insert into drafts (draft_id, account_id, content, upload_ids, idempotency_key)
    values (${draftId}, ${accountId}, ${JSON.stringify(draft.content)}, ${draft.uploadIds}, ${draft.idempotencyKey})`);
}

export async function selectDraft(
  shards: Shards,
  draftId: DraftId,
  accountId: AccountId,
): Promise<DraftRow | null> {
  const [row] = await readAt<DraftRow>(
    shards,
    draftId,
    sql`
    select draft_id, account_id, version, content, upload_ids, publish_at, failure, failure_code, updated_at
    from drafts where draft_id = ${draftId} and account_id = ${accountId}`,
  );
  return row ?? null;
}

export async function selectDraftForUpdate(
  tx: Transaction,
  draftId: DraftId,
  accountId: AccountId,
): Promise<DraftRow | null> {
  return oneOf<DraftRow>(
    tx,
    sql`
    select draft_id, account_id, version, content, upload_ids, publish_at, failure, failure_code, updated_at
    from drafts where draft_id = ${draftId} and account_id = ${accountId} for update`,
  );
}

/** What was changed last comes first. */
export function selectDrafts(shards: Shards, accountId: AccountId, limit: number): Promise<DraftRow[]> {
  return readAt<DraftRow>(
    shards,
    accountId,
    sql`
    select draft_id, account_id, version, content, upload_ids, publish_at, failure, failure_code, updated_at
    from drafts where account_id = ${accountId} order by updated_at desc, draft_id desc limit ${limit}`,
  );
}

export async function isContent(tx: Transaction, draftId: DraftId, content: DraftContent): Promise<boolean> {
  const rows = await tx.rows(
    sql`select from drafts where draft_id = ${draftId} and content = ${JSON.stringify(content)}::jsonb`,
  );
  return rows.length > 0;
}

export async function updateContent(
  tx: Transaction,
  draftId: DraftId,
  content: DraftContent,
  uploadIds: MediaId[],
): Promise<void> {
  await tx.rows(sql`
    update drafts set version = version + 1, content = ${JSON.stringify(content)}, upload_ids = ${uploadIds}, failure = null,
      failure_code = null, updated_at = now()
    where draft_id = ${draftId}`);
}

/** Null: not any more. */
export async function updatePublishAt(
  tx: Transaction,
  draftId: DraftId,
  publishAt: Date | null,
): Promise<void> {
  await tx.rows(sql`
    update drafts set publish_at = ${publishAt}, failure = case when ${publishAt}::timestamptz is null then failure end,
      failure_code = case when ${publishAt}::timestamptz is null then failure_code end, updated_at = now()
    where draft_id = ${draftId}`);
}

export async function deleteDraft(tx: Transaction, draftId: DraftId): Promise<void> {
  await tx.rows(sql`delete from drafts where draft_id = ${draftId}`);
}

export async function deleteDraftsOf(tx: Transaction, accountId: AccountId): Promise<void> {
  await tx.rows(sql`delete from drafts where account_id = ${accountId}`);
}

// what is due ---------------------------------------------------------------------------------------------------

/** On one server, the longest due first. */
export function selectDue(
  database: Database,
  now: Date,
  after: Pick<DueRow, 'publish_at' | 'draft_id'>,
  limit: number,
): Promise<DueRow[]> {
  return database.rows<DueRow>(sql`
    select draft_id, account_id, version, content, upload_ids, publish_at, failure, failure_code, updated_at from drafts
    where publish_at <= ${now} and (publish_at, draft_id) > (${after.publish_at}, ${after.draft_id}) and is_owned(draft_id)
    order by publish_at, draft_id limit ${limit}`);
}

/** Held until the transaction ends. False when it was changed, put off, published or deleted since it was read. */
export async function selectUnchangedForUpdate(tx: Transaction, draft: DueRow): Promise<boolean> {
  const rows = await tx.rows(sql`
    select from drafts
    where draft_id = ${draft.draft_id} and version = ${draft.version} and publish_at = ${draft.publish_at} for update`);
  return rows.length > 0;
}

export async function updateFailed(
  tx: Transaction,
  draft: DueRow,
  { code, message }: { code: string; message: string },
): Promise<void> {
  await tx.rows(sql`
    update drafts set publish_at = null, failure = ${message}, failure_code = ${code}, updated_at = now()
    where draft_id = ${draft.draft_id} and version = ${draft.version} and publish_at = ${draft.publish_at}`);
}

// uploads ---------------------------------------------------------------------------------------------------------

/** Of the uploads those that are the account's, whatever became of them. */
export async function selectOwn(
  tx: Transaction,
  accountId: AccountId,
  uploadIds: MediaId[],
): Promise<MediaId[]> {
  const rows = await tx.rows<{ media_id: MediaId }>(sql`
    select media_id from media where media_id = any(${uploadIds}) and account_id = ${accountId} and kind = 'photo'`);
  return rows.map((row) => row.media_id);
}

/** Those that can still be published, or sent to the end. */
export function selectUploads(shards: Shards, accountId: AccountId, uploadIds: MediaId[]) {
  return readAt<UploadRow>(
    shards,
    accountId,
    sql`
    select media_id, state = 'uploaded' as is_here, thumbhash from media
    where media_id = any(${uploadIds}) and account_id = ${accountId} and kind = 'photo'
      and state in ('waiting', 'receiving', 'uploaded') and expires_at > now()`,
  );
}

/**
 * An upload lives for so many days after the last change of a draft that names it, or after the moment at which that is to
 * be published; for so many minutes if none does any more.
 */
export async function updateExpiry(
  tx: Transaction,
  accountId: AccountId,
  uploadIds: MediaId[],
  { days, minutes }: { days: number; minutes: number },
): Promise<void> {
  await tx.rows(sql`
    update media set expires_at = coalesce((
      select max(greatest(drafts.updated_at, drafts.publish_at)) + make_interval(days => ${days}) from drafts
      where drafts.account_id = media.account_id and media.media_id = any(drafts.upload_ids)),
      now() + make_interval(mins => ${minutes}))
    where media_id = any(${uploadIds}) and account_id = ${accountId} and kind = 'photo'
      and state in ('waiting', 'receiving', 'uploaded') and expires_at > now()`);
}

/** All that the account's drafts keep from expiring. */
export async function sumBytes(tx: Transaction, accountId: AccountId): Promise<number> {
  const row = await oneOf<{ bytes: string }>(
    tx,
    sql`
    select coalesce(sum(coalesce(size_bytes, announced_bytes)), 0) as bytes from media
    where account_id = ${accountId} and expires_at > now()
      and media_id in (select unnest(upload_ids) from drafts where account_id = ${accountId})`,
  );
  return Number(row?.bytes);
}
