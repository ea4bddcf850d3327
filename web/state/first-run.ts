/**
 * The first steps of a new member. They are offered once, and gone once they are done: the account knows, so that another device
 * does, too. This browser also knows by itself, before the server has heard of it.
 */
import type { Me } from '../../server/features/accounts/schema.ts';
import { readSetting, writeSetting } from './settings.ts';

export type Progress = NonNullable<Me['firstRun']>;
type Member = Pick<Me, 'id' | 'firstRun' | 'followingCount' | 'postCount'>;

/** Where the browser keeps no settings, the answer holds at least until the page is loaded anew. */
const known = new Map<string, Progress>();

/** Somebody who follows people, or has posted, knows his way. */
export function wantsFirstRun(me: Member): boolean {
  // Absent in what this browser has kept of an older version: then the server has not been asked.
  return (
    me.followingCount === 0 && me.postCount === 0 && me.firstRun === null && progressHere(me.id) === null
  );
}

export function isFirstRunDone(me: Member): boolean {
  return me.firstRun === 'done' || progressHere(me.id) === 'done';
}

export function rememberFirstRun(accountId: string, progress: Progress): void {
  known.set(accountId, progress);
  writeSetting(keyOf(accountId), progress);
}

function progressHere(accountId: string): string | null {
  return known.get(accountId) ?? readSetting(keyOf(accountId));
}

function keyOf(accountId: string): string {
  return `pinhole.first-run.${accountId}`;
}
