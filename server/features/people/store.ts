/** Tables: post_people (owner's side: who is on the photos of a post), tagged_posts (mirror's side: on which posts I am). Reads posts. */
import type { AccountId, MediaId, PostId } from '../../../core/ids.ts';
import { type Database, oneOf, type Transaction } from '../../infra/database.ts';
import { readAt, readAtLagging, type Shards } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';

type Rows = { rows: Database['rows'] };
export type Tag = { mediaId: MediaId; accountId: AccountId; x: number; y: number };

/** Whose post it is. Held by whoever changes who is on it, until the transaction ends. */
export async function lockPost(tx: Transaction, postId: PostId): Promise<AccountId | null> {
  const row = await oneOf<{ account_id: AccountId }>(
    tx,
    sql`select account_id from posts where post_id = ${postId} for update`,
  );
  return row?.account_id ?? null;
}

export async function insertPeople(tx: Transaction, postId: PostId, tags: Tag[]): Promise<void> {
  await tx.rows(sql`
    insert into post_people (post_id, media_id, account_id, x, y)
    select ${postId}, media_id, account_id, x, y
    from unnest(${tags.map((tag) => tag.mediaId)}::bigint[], ${tags.map((tag) => tag.accountId)}::bigint[],
      ${tags.map((tag) => tag.x)}::float8[], ${tags.map((tag) => tag.y)}::float8[]) as tag (media_id, account_id, x, y)
    on conflict (post_id, media_id, account_id) do update set x = excluded.x, y = excluded.y
    where not post_people.is_removed and (post_people.x, post_people.y) is distinct from (excluded.x, excluded.y)`);
}

export type TagRow = { media_id: MediaId; account_id: AccountId; is_removed: boolean };

export function selectPeople(tx: Transaction, postId: PostId): Promise<TagRow[]> {
  return tx.rows<TagRow>(
    sql`select media_id, account_id, is_removed from post_people where post_id = ${postId}`,
  );
}

export async function deletePeople(
  tx: Transaction,
  postId: PostId,
  tags: Pick<Tag, 'mediaId' | 'accountId'>[],
): Promise<void> {
  await tx.rows(sql`
    delete from post_people using unnest(${tags.map((tag) => tag.mediaId)}::bigint[], ${tags.map((tag) => tag.accountId)}::bigint[])
      as gone (media_id, account_id)
    where post_id = ${postId} and post_people.media_id = gone.media_id and post_people.account_id = gone.account_id`);
}

/** Gives the accounts that were named. */
export async function deletePeopleOf(
  tx: Transaction,
  postId: PostId,
  mediaId: MediaId | null,
): Promise<AccountId[]> {
  const rows = await tx.rows<{ account_id: AccountId }>(sql`
    delete from post_people where post_id = ${postId} and media_id = coalesce(${mediaId}, media_id) returning account_id`);
  return rows.map((row) => row.account_id);
}

/** False when the account is not, and was not, named on the post. */
export async function updateRemoved(tx: Transaction, postId: PostId, accountId: AccountId): Promise<boolean> {
  const rows = await tx.rows(sql`
    update post_people set is_removed = true where post_id = ${postId} and account_id = ${accountId} returning 1`);
  return rows.length > 0;
}

/** Says whether there were any; those that the account itself has removed stay removed, unless `isForGood`. */
export async function deletePerson(
  tx: Transaction,
  postId: PostId,
  accountId: AccountId,
  isForGood: boolean,
): Promise<boolean> {
  const rows = await tx.rows(sql`
    delete from post_people
    where post_id = ${postId} and account_id = ${accountId} and (not is_removed or ${isForGood}::boolean) returning 1`);
  return rows.length > 0;
}

// the mirror --------------------------------------------------------------------------------------------------

/** Of a post that was published: its author, and those who stand on it now. Null for all others. */
export async function selectTagged(shards: Shards, postId: PostId) {
  const [row] = await readAt<{ author_id: AccountId; account_ids: AccountId[] }>(
    shards,
    postId,
    sql`
    select account_id as author_id, array(
      select distinct account_id::text from post_people where post_people.post_id = posts.post_id and not is_removed) as account_ids
    from posts where post_id = ${postId} and state in ('published', 'archived')`,
  );
  return row ?? null;
}

export async function insertTaggedPost(tx: Transaction, accountId: AccountId, postId: PostId): Promise<void> {
  await tx.rows(sql`
    insert into tagged_posts (account_id, post_id) values (${accountId}, ${postId}) on conflict do nothing`);
}

export async function deleteTaggedPost(tx: Transaction, accountId: AccountId, postId: PostId): Promise<void> {
  await tx.rows(sql`delete from tagged_posts where account_id = ${accountId} and post_id = ${postId}`);
}

/** Newest first. */
export async function selectTaggedPosts(
  shards: Shards,
  accountId: AccountId,
  before: string,
  limit: number,
): Promise<PostId[]> {
  const rows = await readAtLagging<{ post_id: PostId }>(
    shards,
    accountId,
    sql`
    select post_id from tagged_posts where account_id = ${accountId} and post_id < ${before} order by post_id desc limit ${limit}`,
  );
  return rows.map((row) => row.post_id);
}

// removal -----------------------------------------------------------------------------------------------------

/** Posts of the author on which the account is named: all on one server. */
export async function selectPostsBetween(
  shards: Shards,
  authorId: AccountId,
  accountId: AccountId,
  limit: number,
): Promise<PostId[]> {
  const rows = await readAt<{ post_id: PostId }>(
    shards,
    authorId,
    sql`
    select distinct post_people.post_id from post_people join posts using (post_id)
    where post_people.account_id = ${accountId} and posts.account_id = ${authorId} and not is_removed limit ${limit}`,
  );
  return rows.map((row) => row.post_id);
}

/** On one server. */
export async function selectPostsNaming(
  database: Database,
  accountId: AccountId,
  limit: number,
): Promise<PostId[]> {
  const rows = await database.rows<{ post_id: PostId }>(sql`
    select distinct post_id from post_people where account_id = ${accountId} and is_owned(post_id) limit ${limit}`);
  return rows.map((row) => row.post_id);
}

export async function deleteTaggedPostsOf(db: Rows, accountId: AccountId): Promise<void> {
  await db.rows(sql`delete from tagged_posts where account_id = ${accountId}`);
}
