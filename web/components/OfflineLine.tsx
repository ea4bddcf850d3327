import { WifiOff } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { t } from '../i18n/text.ts';
import { showsLastSeen, subscribeToFreshness } from '../state/freshness.ts';

/** Above all else, and over nothing: that there is no network, or that what is shown is not new. */
export function OfflineLine() {
  const isOnline = useSyncExternalStore(
    subscribeToNetwork,
    () => navigator.onLine,
    () => true,
  );
  const isLastSeen = useSyncExternalStore(subscribeToFreshness, showsLastSeen, () => false);
  return (
    <div role="status" className="offline-place">
      {(!isOnline || isLastSeen) && (
        <p className="offline">
          <WifiOff aria-hidden size={16} />
          {t(!isLastSeen ? 'common.offlineNotice' : isOnline ? 'offline.lastSeenAway' : 'offline.lastSeen')}
        </p>
      )}
    </div>
  );
}

function subscribeToNetwork(listener: () => void): () => void {
  window.addEventListener('online', listener);
  window.addEventListener('offline', listener);
  return () => {
    window.removeEventListener('online', listener);
    window.removeEventListener('offline', listener);
  };
}
