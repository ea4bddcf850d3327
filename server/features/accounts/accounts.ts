/** Who is who: signing up, the account's own data, and its end. Sessions: sessions.ts; mails: mail-links.ts. */
import { randomInt } from 'node:crypto';
import type { AccountId, AnyId, SessionId } from '../../../core/ids.ts';
import type { Language } from '../../../core/languages.ts';
import { foldHandle, handleFault, skeleton } from '../../../core/text.ts';
import { Conflict, Forbidden, Invalid, NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import { type Transaction, violates } from '../../infra/database.ts';
import { hashPassword, isCommonPassword, isPassword } from '../../infra/passwords.ts';
import { drawShard, mustBeOwned, type Shards, writeAt, writeAtShard } from '../../infra/shards.ts';
import { endSessions, forgetSessions } from './live-sessions.ts';
import {
  type AccountEdit,
  accountChanged,
  accountDeleted,
  mailWanted,
  photosMisplaced,
  privacyChanged,
} from './schema.ts';
import * as store from './store.ts';

export type Viewer = {
  accountId: AccountId;
  sessionId: SessionId;
  role: 'member' | 'admin';
  kind: 'web' | 'bearer';
};
export type NewAccount = {
  handle: string;
  email: string;
  password: string;
  name?: string | undefined;
  language: Language;
};

/** Throws Invalid with the field, or Conflict handle_taken / email_taken. Nothing is left behind when it throws. */
export async function signUp(
  app: App,
  wish: NewAccount,
  role: 'member' | 'admin' = 'member',
): Promise<AccountId> {
  const handle = foldHandle(wish.handle);
  const email = wish.email.toLowerCase();
  const fault = handleFault(wish.handle);
  if (fault) throw new Invalid('invalid', fault.message, [{ path: 'handle', ...fault }]);
  await refuseWeakPassword(wish.password, 'password');
  const logicalShard = drawShard(app.shards);
  const accountId = await drawNextId<AccountId>(app.shards, logicalShard);
  const passwordHash = await hashPassword(wish.password);
  await claimNames(app, handle, email, accountId);
  try {
    await writeAtShard(app.shards, logicalShard, async (tx) => {
      const { name = '', language } = wish;
      await store.insertAccount(tx, { accountId, handle, name, email, role, passwordHash, language });
      await app.queue.enqueue(tx, accountChanged, [{ accountId }]);
      await app.queue.enqueue(tx, mailWanted, [{ accountId, purpose: 'confirm' }]);
    });
  } catch (error) {
    // Where only the answer to the commit was lost, the account is there, and keeps its names.
    if (!(await store.selectAccount(app.shards, accountId)))
      await store.deleteClaims(app.shards.directory, accountId);
    throw error;
  }
  return accountId;
}

/** Drawn before the transaction that uses it, and so only where the shard is owned: elsewhere the same may be made again. */
export function drawNextId<Id extends AnyId>(shards: Shards, logicalShard: number): Promise<Id> {
  return writeAtShard(shards, logicalShard, async (tx) => {
    const id = await store.selectNextId<Id>(tx, logicalShard);
    await mustBeOwned(tx, id);
    return id;
  });
}

/** The names are claimed in the directory first; a claim whose sign-up died on the way is freed for the next. */
async function claimNames(app: App, handle: string, email: string, accountId: AccountId): Promise<void> {
  const { directory } = app.shards;
  const claims = await store.selectStaleClaims(directory, handle, skeleton(handle), email);
  const alive = new Set(
    (
      await store.selectAccounts(
        app.shards,
        claims.map((claim) => claim.account_id),
      )
    ).map((row) => row.account_id),
  );
  for (const claim of claims)
    if (!alive.has(claim.account_id)) await store.deleteClaims(directory, claim.account_id);
  try {
    await directory.transaction(async (tx) => {
      await store.insertHandle(tx, handle, skeleton(handle), accountId);
      await store.insertEmail(tx, email, accountId);
    });
  } catch (error) {
    if (violates(error, 'emails_pkey'))
      throw taken('email', 'This e-mail address has an account already. Sign in, or reset the password.');
    if (violates(error, 'handles_pkey')) throw taken('handle', 'This handle is taken.');
    if (violates(error, 'handles_skeleton_unique'))
      throw taken('handle', 'This handle looks too much like one that is taken.', 'handle_alike');
    throw error;
  }
}

function taken(field: 'handle' | 'email', message: string, code = `${field}_taken`): Conflict {
  return new Conflict(`${field}_taken`, message, [{ path: field, message, code }]);
}

// the first account -------------------------------------------------------------------------------------------

/** A code that the terminal shows, and that the first visitor must know: whoever calls first must not become admin. */
export function makeSetupCode(): string {
  const letters = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';
  return Array.from(
    { length: 12 },
    (_, at) => (at > 0 && at % 4 === 0 ? '-' : '') + letters[randomInt(letters.length)],
  ).join('');
}

export async function needsAdmin(app: App): Promise<boolean> {
  return !(await store.selectSetup(app.shards.directory));
}

/** Throws Forbidden for a wrong code, Conflict when there is an admin. Of two at once one wins. */
export async function setUpAdmin(app: App, isRightCode: boolean, wish: NewAccount): Promise<AccountId> {
  if (!(await needsAdmin(app))) throw new Conflict('setup_done', 'This network has its admin already.');
  if (!isRightCode) throw new Forbidden('wrong_code', 'This is not the code that the terminal showed.');
  const accountId = await signUp(app, wish, 'admin');
  try {
    await store.insertSetup(app.shards.directory, accountId);
  } catch (error) {
    if (!violates(error, 'setup_pkey')) throw error;
    await beginDeletion(app, accountId);
    throw new Conflict('setup_done', 'This network has its admin already.');
  }
  return accountId;
}

// reading -----------------------------------------------------------------------------------------------------

/** Throws NotFound for one that is deleted too. */
export async function getAccount(app: App, accountId: AccountId): Promise<store.AccountRow> {
  const account = await store.selectAccount(app.shards, accountId);
  if (account?.state !== 'active') throw new NotFound();
  return account;
}

export async function getAccountIdByHandle(app: App, handle: string): Promise<AccountId> {
  const accountId = (await findAccountIdsByHandle(app, [handle])).get(foldHandle(handle));
  if (!accountId) throw new NotFound();
  return accountId;
}

export function findAccountIdsByHandle(app: App, handles: string[]): Promise<Map<string, AccountId>> {
  return store.selectAccountIdsByHandle(app.shards.directory, handles.map(foldHandle));
}

/** Best matches first: by handle, then by name. */
export function searchAccounts(app: App, prefix: string, limit: number): Promise<AccountId[]> {
  return store.selectAccountIdsByPrefix(app.shards.directory, foldName(prefix.replace(/^@/, '')), limit);
}

export function listNewestAccounts(app: App, limit: number): Promise<AccountId[]> {
  return store.selectNewestAccountIds(app.shards.directory, limit);
}

function foldName(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

/** Holds the answer until the transaction ends. */
export const isPrivateForShare = store.selectIsPrivateForShare;

// changing ----------------------------------------------------------------------------------------------------

export async function editAccount(app: App, accountId: AccountId, edit: AccountEdit): Promise<void> {
  await writeAt(app.shards, accountId, async (tx) => {
    const wasPrivate = await store.updateAccount(tx, accountId, edit);
    if (edit.name !== undefined) await app.queue.enqueue(tx, accountChanged, [{ accountId }]);
    if (edit.isPrivate === undefined || edit.isPrivate === wasPrivate) return;
    await app.queue.enqueue(tx, privacyChanged, [{ accountId }]);
    await app.queue.enqueue(tx, photosMisplaced, [{ accountId }]);
  });
}

/** Gives the avatar before, whose files can go. */
export function changeAvatar(
  tx: Transaction,
  accountId: AccountId,
  avatarId: string | null,
): Promise<string | null> {
  return store.updateAvatar(tx, accountId, avatarId);
}

export const addToCount = store.addToCount;

/** Brings the directory's copy of name and state up to date. */
export async function mirrorAccount(app: App, accountId: AccountId): Promise<void> {
  const account = await store.selectAccount(app.shards, accountId);
  await store.updateHandleMirror(
    app.shards.directory,
    accountId,
    foldName(account?.name ?? ''),
    account?.state === 'active',
  );
}

export async function refuseWeakPassword(password: string, path: string): Promise<void> {
  if (!(await isCommonPassword(password))) return;
  const message = 'This password is among the commonest; others would guess it. Take another.';
  throw new Invalid('common_password', message, [{ path, message, code: 'common_password' }]);
}

export async function refuseWrongPassword(app: App, accountId: AccountId, password: string): Promise<void> {
  if (await isPassword(await store.selectPasswordHash(app.shards, accountId), password)) return;
  throw new Forbidden('wrong_password', 'The password is not right.');
}

// deletion ----------------------------------------------------------------------------------------------------

/** From now on nobody sees the account, and nobody can sign in to it. What it left behind is removed by a job. */
export async function beginDeletion(app: App, accountId: AccountId): Promise<void> {
  const ended = await writeAt(app.shards, accountId, async (tx) => {
    await store.updateAccountDeleted(tx, accountId);
    await app.queue.enqueue(tx, accountChanged, [{ accountId }]);
    await app.queue.enqueue(tx, accountDeleted, [{ accountId }]);
    return endSessions(app, tx, accountId, null, null);
  });
  await forgetSessions(app, ended);
}

/** The last step: handle and address become free. */
export async function finishDeletion(app: App, accountId: AccountId): Promise<void> {
  await writeAt(app.shards, accountId, (tx) => store.deleteAccountRow(tx, accountId));
  await store.deleteClaims(app.shards.directory, accountId);
}
