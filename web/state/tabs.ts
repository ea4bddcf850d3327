/** What one tab tells the others of this browser: each shows the same account, and what it did. */
import type { Relationship } from '../../core/shapes.ts';
import type { Entry } from './outbox.ts';

export type Word =
  /** Who is signed in now. */
  | { kind: 'viewer'; accountId: string | null }
  /** `accountId`: who did it. */
  | { kind: 'sent'; accountId: string; entry: Entry; reply: unknown }
  | { kind: 'relationship'; accountId: string; otherId: string; relationship: Relationship };

let channel: BroadcastChannel | null = null;

export function tellTabs(word: Word): void {
  open()?.postMessage(word);
}

export function onTabs(listener: (word: Word) => void): void {
  open()?.addEventListener('message', ({ data }) => listener(data as Word));
}

/** Not at once: the server, which draws pages with this code, has no tabs. Null in browsers without. */
function open(): BroadcastChannel | null {
  if (typeof BroadcastChannel !== 'undefined') channel ??= new BroadcastChannel('pinhole');
  return channel;
}
