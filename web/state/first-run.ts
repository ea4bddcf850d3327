/** The first steps of a new member. They are offered once for each account in this browser, and gone once they are done. */
import { readSetting, writeSetting } from './settings.ts';

type Progress = 'offered' | 'done';
type Member = { id: string; followingCount: number; postCount: number };

/** Where the browser keeps no settings, the answer holds at least until the page is loaded anew. */
const known = new Map<string, Progress>();

/** Somebody who follows people, or has posted, knows his way. */
export function wantsFirstRun({ id, followingCount, postCount }: Member): boolean {
  return followingCount === 0 && postCount === 0 && progressOf(id) === null;
}

export function isFirstRunDone(accountId: string): boolean {
  return progressOf(accountId) === 'done';
}

export function noteFirstRun(accountId: string, progress: Progress): void {
  known.set(accountId, progress);
  writeSetting(keyOf(accountId), progress);
}

function progressOf(accountId: string): string | null {
  return known.get(accountId) ?? readSetting(keyOf(accountId));
}

function keyOf(accountId: string): string {
  return `pinhole.first-run.${accountId}`;
}
