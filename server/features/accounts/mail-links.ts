/** Links that are sent by mail: to confirm an address, and to set a new password. Single use, hashed at rest. */
import { randomBytes } from 'node:crypto';
import { type AccountId, LOGICAL_SHARDS, shardOf } from '../../../core/ids.ts';
import type { Language } from '../../../core/languages.ts';
import { Invalid } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { say } from '../../infra/messages.ts';
import { hashPassword } from '../../infra/passwords.ts';
import { writeAt, writeAtShard } from '../../infra/shards.ts';
import { refuseWeakPassword } from './accounts.ts';
import { endSessions, forgetSessions } from './live-sessions.ts';
import { mailWanted } from './schema.ts';
import { hashToken } from './sessions.ts';
import * as store from './store.ts';

type Purpose = 'confirm' | 'reset';
const HOURS = { confirm: 7 * 24, reset: 1 } as const;
const TOKEN_BYTES = 34;

/** Says nothing about whether the address is known. `language`: as in askMail. */
export async function askReset(app: App, email: string, language: Language): Promise<void> {
  const accountId = await store.selectAccountIdByLogin(app.shards.directory, email.toLowerCase());
  if (accountId) await askMail(app, accountId, 'reset', language);
}

/** `language`: of whoever asks, for an account of which none is known. */
export async function askMail(
  app: App,
  accountId: AccountId,
  purpose: Purpose,
  language: Language,
): Promise<void> {
  await writeAt(app.shards, accountId, (tx) =>
    app.queue.enqueue(tx, mailWanted, [{ accountId, purpose, language }]),
  );
}

/** Runs in a job: makes the token only now, so that it is nowhere at rest but in the mail. */
export async function sendLink(
  app: App,
  accountId: AccountId,
  purpose: Purpose,
  asked: Language = 'en',
): Promise<void> {
  const account = await store.selectAccount(app.shards, accountId);
  if (account?.state !== 'active' || (purpose === 'confirm' && account.email_confirmed_at)) return;
  const bytes = randomBytes(TOKEN_BYTES);
  bytes.writeUInt16BE(shardOf(accountId), 0);
  await writeAt(app.shards, accountId, (tx) =>
    store.insertMailToken(tx, {
      hash: hashToken(bytes),
      accountId,
      purpose,
      email: account.email,
      hours: HOURS[purpose],
    }),
  );
  const link = `${app.publicUrl}/${purpose}#${bytes.toString('base64url')}`;
  const language = account.language ?? asked;
  const [subject, text, end] = TEXTS[purpose];
  // The link stands alone: the signs that keep a name's direction among Arabic words would become part of it.
  const paragraphs = [
    say(language, 'server.hello', { handle: `@${account.handle}` }),
    say(language, text),
    link,
    say(language, end),
  ];
  await app.mail.send({
    to: account.email,
    subject: say(language, subject),
    text: `${paragraphs.join('\n\n')}\n`,
    language,
  });
}

const TEXTS = {
  confirm: ['server.confirmSubject', 'server.confirmText', 'server.confirmEnd'],
  reset: ['server.resetSubject', 'server.resetText', 'server.resetEnd'],
} as const;

export async function confirmEmail(app: App, token: string): Promise<void> {
  await takeToken(app, token, 'confirm', async () => undefined);
}

/** Ends all sessions. Proves the address as well. */
export async function resetPassword(app: App, token: string, password: string): Promise<void> {
  await refuseWeakPassword(password, 'password');
  const passwordHash = await hashPassword(password);
  const ended = await takeToken(app, token, 'reset', async (tx, accountId) => {
    await store.updatePasswordHash(tx, accountId, passwordHash);
    return endSessions(app, tx, accountId, null, null);
  });
  await forgetSessions(app, ended);
}

async function takeToken<Result>(
  app: App,
  token: string,
  purpose: Purpose,
  then: (tx: Transaction, accountId: AccountId) => Promise<Result>,
): Promise<Result> {
  const bytes = Buffer.from(token, 'base64url');
  const logicalShard = bytes.length === TOKEN_BYTES ? bytes.readUInt16BE(0) : LOGICAL_SHARDS;
  if (logicalShard >= LOGICAL_SHARDS) throw deadLink();
  return writeAtShard(app.shards, logicalShard, async (tx) => {
    const taken = await store.takeMailToken(tx, hashToken(bytes), purpose);
    if (!taken) throw deadLink();
    await store.updateEmailConfirmed(tx, taken.account_id, taken.email);
    return then(tx, taken.account_id);
  });
}

function deadLink(): Invalid {
  return new Invalid('link_dead', 'This link was used already, or is too old. Ask for a new one.');
}
