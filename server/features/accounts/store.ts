/** Tables: handles, emails (directory); accounts, credentials, sessions, mail_tokens (shard). */
import type { AccountId, SessionId } from '../../../core/ids.ts';
import type { Language } from '../../../core/languages.ts';
import { type Database, oneOf, type Transaction } from '../../infra/database.ts';
import { changeAt, readAt, readAtShard, readEach, type Shards } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';
import type { AccountEdit } from './schema.ts';

export type AccountRow = {
  account_id: AccountId;
  handle: string;
  name: string;
  bio: string;
  email: string;
  email_confirmed_at: Date | null;
  role: 'member' | 'admin';
  state: 'active' | 'deleted';
  is_private: boolean;
  keeps_originals: boolean;
  avatar_id: string | null;
  follower_count: string;
  following_count: string;
  post_count: string;
  seen_activity_id: string;
  notifies_likes: boolean;
  notifies_comments: boolean;
  notifies_follows: boolean;
  notifies_mentions: boolean;
  language: Language | null;
  first_run: 'offered' | 'done' | null;
  created_at: Date;
};
export type SessionRow = {
  session_id: SessionId;
  account_id: AccountId;
  kind: 'web' | 'bearer';
  device_name: string;
  created_at: Date;
  last_used_at: Date;
  role: 'member' | 'admin';
};

// directory ---------------------------------------------------------------------------------------------------

export async function selectNextId<Id extends string>(
  db: { rows: Database['rows'] },
  logicalShard: number,
): Promise<Id> {
  const row = await oneOf<{ id: Id }>(db, sql`select next_id(${logicalShard}::integer) as id`);
  if (!row) throw new Error('next_id gave nothing');
  return row.id;
}

export async function insertHandle(
  tx: Transaction,
  handle: string,
  skeleton: string,
  accountId: AccountId,
): Promise<void> {
  await tx.rows(
    sql`insert into handles (handle, skeleton, account_id) values (${handle}, ${skeleton}, ${accountId})`,
  );
}

export async function insertEmail(tx: Transaction, email: string, accountId: AccountId): Promise<void> {
  await tx.rows(sql`insert into emails (email, account_id) values (${email}, ${accountId})`);
}

/** Names that were claimed long ago by a sign-up that then failed: who claimed this handle, its look-alike, or the address. */
export function selectStaleClaims(directory: Database, handle: string, skeleton: string, email: string) {
  return directory.rows<{ account_id: AccountId }>(sql`
    select account_id from handles
    where (handle = ${handle} or skeleton = ${skeleton}) and not is_live and claimed_at < now() - interval '5 minutes'
    union
    select account_id from emails where email = ${email} and claimed_at < now() - interval '5 minutes'`);
}

export async function deleteClaims(
  directory: { rows: Database['rows'] },
  accountId: AccountId,
): Promise<void> {
  await directory.rows(sql`
    with freed as (delete from handles where account_id = ${accountId}) delete from emails where account_id = ${accountId}`);
}

export async function updateHandleMirror(
  directory: Database,
  accountId: AccountId,
  searchName: string,
  isLive: boolean,
): Promise<void> {
  await directory.rows(sql`
    update handles set search_name = ${searchName}, is_live = ${isLive}
    where account_id = ${accountId} and (search_name, is_live) is distinct from (${searchName}, ${isLive})`);
}

export async function selectAccountIdByLogin(directory: Database, login: string): Promise<AccountId | null> {
  const row = await oneOf<{ account_id: AccountId }>(
    directory,
    sql`
    select account_id from handles where handle = ${login} union all
    select account_id from emails where email = ${login} limit 1`,
  );
  return row?.account_id ?? null;
}

export async function selectAccountIdsByHandle(
  directory: Database,
  handles: string[],
): Promise<Map<string, AccountId>> {
  const rows = await directory.rows<{ handle: string; account_id: AccountId }>(
    sql`select handle, account_id from handles where handle = any(${handles})`,
  );
  return new Map(rows.map((row) => [row.handle, row.account_id]));
}

/** Accounts whose handle or name begins with the text (already folded). */
export async function selectAccountIdsByPrefix(
  directory: Database,
  prefix: string,
  limit: number,
): Promise<AccountId[]> {
  const rows = await directory.rows<{ account_id: AccountId }>(sql`
    select account_id from (
      (select account_id, handle, 0 as rank from handles
        where is_live and handle >= ${prefix} and handle < ${afterPrefix(prefix)} order by handle limit ${limit})
      union all
      (select account_id, handle, 1 from handles
        where is_live and search_name >= ${prefix} and search_name < ${afterPrefix(prefix)} order by search_name limit ${limit})
    ) as found group by account_id, handle order by min(rank), handle limit ${limit}`);
  return rows.map((row) => row.account_id);
}

/** Greater than all texts that begin with the prefix, in C order: U+10FFFF is no character of a name. */
export function afterPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}

export async function selectNewestAccountIds(directory: Database, limit: number): Promise<AccountId[]> {
  const rows = await directory.rows<{ account_id: AccountId }>(
    sql`select account_id from handles where is_live order by account_id desc limit ${limit}`,
  );
  return rows.map((row) => row.account_id);
}

export async function selectSetup(directory: Database): Promise<boolean> {
  return (await directory.rows(sql`select 1 from setup`)).length > 0;
}

/** Throws a unique violation of setup_pkey when there is an admin already. */
export async function insertSetup(directory: Database, accountId: AccountId): Promise<void> {
  await directory.rows(sql`insert into setup (admin_id) values (${accountId})`);
}

// shard -------------------------------------------------------------------------------------------------------

export async function insertAccount(
  tx: Transaction,
  account: {
    accountId: AccountId;
    handle: string;
    name: string;
    email: string;
    role: 'member' | 'admin';
    passwordHash: string;
    language: Language;
  },
): Promise<void> {
  await tx.rows(sql`
    insert into accounts (account_id, handle, name, email, role, language)
    values (${account.accountId}, ${account.handle}, ${account.name}, ${account.email}, ${account.role}, ${account.language})`);
  await tx.rows(
    sql`insert into credentials (account_id, password_hash) values (${account.accountId}, ${account.passwordHash})`,
  );
}

export function selectAccount(shards: Shards, accountId: AccountId): Promise<AccountRow | null> {
  return readAt<AccountRow>(
    shards,
    accountId,
    sql`select * from accounts where account_id = ${accountId}`,
  ).then((rows) => rows[0] ?? null);
}

export function selectAccounts(shards: Shards, accountIds: AccountId[]): Promise<AccountRow[]> {
  return readEach<AccountRow, AccountId>(
    shards,
    accountIds,
    (share) => sql`select * from accounts where account_id = any(${share})`,
  );
}

/** Gives whether the account was private before. */
export async function updateAccount(
  tx: Transaction,
  accountId: AccountId,
  edit: AccountEdit,
): Promise<boolean> {
  const { likes = null, comments = null, follows = null, mentions = null } = edit.notifications ?? {};
  const row = await oneOf<{ was_private: boolean }>(
    tx,
    sql`
    update accounts set name = coalesce(${edit.name ?? null}, name), bio = coalesce(${edit.bio ?? null}, bio),
      is_private = coalesce(${edit.isPrivate ?? null}::boolean, accounts.is_private),
      keeps_originals = coalesce(${edit.keepsOriginals ?? null}::boolean, keeps_originals),
      notifies_likes = coalesce(${likes}::boolean, notifies_likes), notifies_comments = coalesce(${comments}::boolean, notifies_comments),
      notifies_follows = coalesce(${follows}::boolean, notifies_follows), notifies_mentions = coalesce(${mentions}::boolean, notifies_mentions),
      language = coalesce(${edit.language ?? null}, language), first_run = coalesce(${edit.firstRun ?? null}, first_run)
    from (select is_private as was_private from accounts where account_id = ${accountId} for update) as before
    where account_id = ${accountId} returning was_private`,
  );
  return row?.was_private ?? false;
}

export async function selectIsPrivateForShare(tx: Transaction, accountId: AccountId): Promise<boolean> {
  const row = await oneOf<{ is_private: boolean }>(
    tx,
    sql`select is_private from accounts where account_id = ${accountId} for share`,
  );
  return row?.is_private ?? false;
}

export async function updateAvatar(
  tx: Transaction,
  accountId: AccountId,
  avatarId: string | null,
): Promise<string | null> {
  const row = await oneOf<{ avatar_id: string | null }>(
    tx,
    sql`
    update accounts set avatar_id = ${avatarId} from (select avatar_id as old_id from accounts where account_id = ${accountId} for update) as before
    where account_id = ${accountId} returning before.old_id as avatar_id`,
  );
  return row?.avatar_id ?? null;
}

export async function addToCount(
  tx: Transaction,
  accountId: AccountId,
  count: 'follower' | 'following' | 'post',
  by: number,
): Promise<void> {
  await tx.rows(sql`
    update accounts set
      follower_count = greatest(0, follower_count + ${count === 'follower' ? by : 0}),
      following_count = greatest(0, following_count + ${count === 'following' ? by : 0}),
      post_count = greatest(0, post_count + ${count === 'post' ? by : 0})
    where account_id = ${accountId}`);
}

export async function updateAccountDeleted(tx: Transaction, accountId: AccountId): Promise<void> {
  await tx.rows(sql`update accounts set state = 'deleted' where account_id = ${accountId}`);
}

export async function deleteAccountRow(tx: Transaction, accountId: AccountId): Promise<void> {
  await tx.rows(sql`delete from accounts where account_id = ${accountId}`);
}

export async function selectPasswordHash(shards: Shards, accountId: AccountId): Promise<string | null> {
  const [row] = await readAt<{ password_hash: string }>(
    shards,
    accountId,
    sql`
    select password_hash from credentials join accounts using (account_id)
    where account_id = ${accountId} and state = 'active'`,
  );
  return row?.password_hash ?? null;
}

export async function updatePasswordHash(
  tx: Transaction,
  accountId: AccountId,
  passwordHash: string,
): Promise<void> {
  await tx.rows(
    sql`update credentials set password_hash = ${passwordHash}, changed_at = now() where account_id = ${accountId}`,
  );
}

export async function insertSession(
  tx: Transaction,
  session: {
    tokenHash: Buffer;
    sessionId: SessionId;
    accountId: AccountId;
    kind: 'web' | 'bearer';
    deviceName: string;
    days: number;
  },
): Promise<void> {
  await tx.rows(sql`
    insert into sessions (token_hash, session_id, account_id, kind, device_name, expires_at)
    values (${session.tokenHash}, ${session.sessionId}, ${session.accountId}, ${session.kind}, ${session.deviceName},
      now() + make_interval(days => ${session.days}))`);
}

export async function selectSession(
  shards: Shards,
  logicalShard: number,
  tokenHash: Buffer,
): Promise<SessionRow | null> {
  const [row] = await readAtShard<SessionRow>(
    shards,
    logicalShard,
    sql`
    select session_id, account_id, kind, device_name, sessions.created_at, last_used_at, role
    from sessions join accounts using (account_id)
    where token_hash = ${tokenHash} and expires_at > now() and state = 'active'`,
  );
  return row ?? null;
}

export async function touchSession(shards: Shards, accountId: AccountId, tokenHash: Buffer): Promise<void> {
  await changeAt(
    shards,
    accountId,
    sql`update sessions set last_used_at = now() where token_hash = ${tokenHash}`,
  );
}

export function selectSessions(
  shards: Shards,
  accountId: AccountId,
): Promise<(SessionRow & { token_hash: Buffer })[]> {
  return readAt(
    shards,
    accountId,
    sql`
    select token_hash, session_id, account_id, kind, device_name, created_at, last_used_at, '' as role from sessions
    where account_id = ${accountId} and expires_at > now() order by last_used_at desc limit 100`,
  );
}

/** Gives the hashes of the tokens that are now dead. `keep` stays. */
export function deleteSessions(
  tx: Transaction,
  accountId: AccountId,
  only: SessionId | null,
  keep: SessionId | null,
) {
  return tx.rows<{ token_hash: Buffer }>(sql`
    delete from sessions where account_id = ${accountId}
      and (${only}::bigint is null or session_id = ${only}) and session_id is distinct from ${keep}
    returning token_hash`);
}

export async function insertMailToken(
  tx: Transaction,
  token: { hash: Buffer; accountId: AccountId; purpose: string; email: string; hours: number },
): Promise<void> {
  await tx.rows(
    sql`delete from mail_tokens where account_id = ${token.accountId} and purpose = ${token.purpose}`,
  );
  await tx.rows(sql`
    insert into mail_tokens (token_hash, account_id, purpose, email, expires_at)
    values (${token.hash}, ${token.accountId}, ${token.purpose}, ${token.email}, now() + make_interval(hours => ${token.hours}))`);
}

/** Takes the token out: the second to come gets null. */
export function takeMailToken(
  tx: Transaction,
  hash: Buffer,
  purpose: string,
): Promise<{ account_id: AccountId; email: string } | null> {
  return oneOf(
    tx,
    sql`
    with taken as (delete from mail_tokens where token_hash = ${hash} and purpose = ${purpose} returning *)
    select account_id, email from taken where expires_at > now()`,
  );
}

export async function updateEmailConfirmed(
  tx: Transaction,
  accountId: AccountId,
  email: string,
): Promise<void> {
  await tx.rows(
    sql`update accounts set email_confirmed_at = now() where account_id = ${accountId} and email = ${email}`,
  );
}
