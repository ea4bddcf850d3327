import type { QueryClient } from '@tanstack/react-query';
import { onTabs, tellTabs } from '../state/tabs.ts';
import { onViewer, readViewer } from '../state/viewer.ts';
import { patchRelationship } from './cache.ts';
import { keys } from './keys.ts';
import type { Shown } from './outbox.ts';

/** Shows what is done in other tabs of this browser: acts of the same account, signing in and signing out. */
export function followTabs(client: QueryClient, shown: Shown): void {
  let viewerId = readViewer()?.accountId ?? null;
  onViewer((viewer) => {
    const accountId = viewer?.accountId ?? null;
    if (accountId !== viewerId) tellTabs({ kind: 'viewer', accountId });
    viewerId = accountId;
  });
  onTabs((word) => {
    if (word.kind === 'viewer') {
      if (word.accountId !== viewerId) void client.invalidateQueries({ queryKey: keys.me });
    } else if (word.accountId !== viewerId) return;
    else if (word.kind === 'sent') shown[word.entry.kind]?.onSent(client, word.entry, word.reply);
    else patchRelationship(client, word.otherId, () => word.relationship);
  });
}
