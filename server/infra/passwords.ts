/** Passwords by Argon2id (19 MiB, 2 passes: OWASP's first choice), and the commonest ones, which are refused. */
import { hash, verify } from '@node-rs/argon2';

const COMMON_MAX = 10_000;
let common: Promise<Set<string>> | undefined;
let decoy: Promise<string> | undefined;

export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFC'));
}

/** Takes as long for an account that does not exist (null), so that timing does not tell which do. */
export async function isPassword(passwordHash: string | null, password: string): Promise<boolean> {
  decoy ??= hash('an account that does not exist');
  const right = await verify(passwordHash ?? (await decoy), password.normalize('NFC'));
  return right && passwordHash !== null;
}

/** Whether it is among the 10,000 commonest of leaked passwords (list: zxcvbn). */
export async function isCommonPassword(password: string): Promise<boolean> {
  common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common'].slice(0, COMMON_MAX).map(String)),
  );
  return (await common).has(password.toLowerCase());
}
