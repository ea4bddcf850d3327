/** Whether this browser was signed in last time: lets the feed be asked for together with /me, not after it. */
import { readSetting, writeSetting } from './settings.ts';

const KEY = 'pinhole.signed-in';

export function wasSignedIn(): boolean {
  return readSetting(KEY) === 'yes';
}

export function rememberSignedIn(isSignedIn: boolean): void {
  writeSetting(KEY, isSignedIn ? 'yes' : null);
}
