/** Whose draft waits to be shared, so that the next visit goes on with it, whatever page it opens. */
import { readSetting, writeSetting } from './settings.ts';

const KEY = 'pinhole.shares-later';

export function sharesLater(accountId: string): boolean {
  return readSetting(KEY) === accountId;
}

export function rememberToShare(accountId: string | null): void {
  writeSetting(KEY, accountId);
}
