import { useEffect, useSyncExternalStore } from 'react';
import { isNewer } from '../../core/ids.ts';
import { useKept } from '../navigation.ts';
import { readSetting, writeSetting } from '../state/settings.ts';

/** Its name among what is kept. */
export const SEEN = 'seen';

type Seen = { newestId: string; mark: string | null };

/**
 * The newest post that this account had seen when it looked at its feed before, in this browser; null at the first visit.
 * It stays the same while the feed does, also after "back" and a reload. On a page that the server drew it shows once the
 * browser has taken that over.
 */
export function useSeenMark(accountId: string | undefined, newestId: string | undefined): string | null {
  const [seen, setSeen] = useKept<Seen | null>(SEEN, null);
  const key = `pinhole.seen.${accountId}`;
  const isHere = useSyncExternalStore(
    () => () => undefined,
    () => true,
    () => false,
  );
  const isKnown = accountId !== undefined && newestId !== undefined;
  // What this browser showed last, drawn before the server has answered, is older: that changes nothing.
  const isNew = isKnown && (seen === null || isNewer(newestId, seen.newestId));
  if (isNew) setSeen({ newestId, mark: readSetting(key) });
  useEffect(() => {
    if (!isKnown) return;
    const before = readSetting(key);
    if (before === null || isNewer(newestId, before)) writeSetting(key, newestId);
  }, [isKnown, key, newestId]);
  return isHere ? (seen?.mark ?? null) : null;
}
