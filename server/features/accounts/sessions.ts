/**
 * Sessions: opaque random tokens of 256 bits, hashed at rest. The first two bytes say in which logical shard the
 * session lives, so that a token is found without any look-up table; they carry no secret.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type AccountId, LOGICAL_SHARDS, type SessionId, shardOf } from '../../../core/ids.ts';
import { NotFound, Unauthenticated } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import { hashPassword, isPassword } from '../../infra/passwords.ts';
import { ServerDown } from '../../infra/server-down.ts';
import { writeAt } from '../../infra/shards.ts';
import { refuseWeakPassword, refuseWrongPassword, type Viewer } from './accounts.ts';
import { endSessions, findLiveViewer, forgetSessions } from './live-sessions.ts';
import * as store from './store.ts';

const SESSION_DAYS = 180;
const TOUCH_AFTER_MS = 3_600_000;
const TOKEN_BYTES = 34;

/** Gives the account of the credentials. Throws Unauthenticated, the same and after the same time for an unknown login. */
export async function checkCredentials(app: App, login: string, password: string): Promise<AccountId> {
  const accountId = await store.selectAccountIdByLogin(app.shards.directory, foldLogin(login));
  const passwordHash = accountId && (await store.selectPasswordHash(app.shards, accountId));
  if (!(await isPassword(passwordHash, password)) || !accountId)
    throw new Unauthenticated('wrong_password', 'There is no account with this name and password.');
  return accountId;
}

/** The one form of a name or address typed at sign-in: for finding the account, and for counting the tries. */
export function foldLogin(login: string): string {
  return login.trim().replace(/^@/, '').toLowerCase();
}

/** Gives the token, which is shown to nobody else and stored nowhere. */
export async function openSession(
  app: App,
  accountId: AccountId,
  kind: 'web' | 'bearer',
  deviceName: string,
): Promise<string> {
  const bytes = randomBytes(TOKEN_BYTES);
  bytes.writeUInt16BE(shardOf(accountId), 0);
  await writeAt(app.shards, accountId, async (tx) => {
    const sessionId = await store.selectNextId<SessionId>(tx, shardOf(accountId));
    await store.insertSession(tx, {
      tokenHash: hashToken(bytes),
      sessionId,
      accountId,
      kind,
      deviceName,
      days: SESSION_DAYS,
    });
  });
  return bytes.toString('base64url');
}

export async function findViewer(app: App, token: string): Promise<Viewer | null> {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== TOKEN_BYTES) return null;
  const logicalShard = bytes.readUInt16BE(0);
  if (logicalShard >= LOGICAL_SHARDS) return null;
  const hash = hashToken(bytes);
  return findLiveViewer(app, hash, () => readViewer(app, logicalShard, hash));
}

async function readViewer(app: App, logicalShard: number, hash: Buffer): Promise<Viewer | null> {
  const row = await store.selectSession(app.shards, logicalShard, hash);
  if (!row) return null;
  if (app.clock.nowMs() - row.last_used_at.getTime() > TOUCH_AFTER_MS)
    // Nobody waits for it: a read would otherwise depend on a write.
    store.touchSession(app.shards, row.account_id, hash).catch((error: unknown) => {
      if (!(error instanceof ServerDown)) app.log.error({ err: error }, 'marking a session as used');
    });
  return { accountId: row.account_id, sessionId: row.session_id, role: row.role, kind: row.kind };
}

export function listSessions(app: App, viewer: Viewer): Promise<store.SessionRow[]> {
  return store.selectSessions(app.shards, viewer.accountId);
}

export async function closeSession(app: App, viewer: Viewer, sessionId: SessionId): Promise<void> {
  const ended = await writeAt(app.shards, viewer.accountId, (tx) =>
    endSessions(app, tx, viewer.accountId, sessionId, null),
  );
  if (ended.length === 0) throw new NotFound();
  await forgetSessions(app, ended);
}

/** All other sessions end with a change of the password. */
export async function changePassword(
  app: App,
  viewer: Viewer,
  currentPassword: string,
  newPassword: string,
): Promise<void> {
  await refuseWrongPassword(app, viewer.accountId, currentPassword);
  await refuseWeakPassword(newPassword, 'newPassword');
  const passwordHash = await hashPassword(newPassword);
  const ended = await writeAt(app.shards, viewer.accountId, async (tx) => {
    await store.updatePasswordHash(tx, viewer.accountId, passwordHash);
    return endSessions(app, tx, viewer.accountId, null, viewer.sessionId);
  });
  await forgetSessions(app, ended);
}

export function hashToken(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
