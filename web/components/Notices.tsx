import { WifiOff } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { t } from '../i18n/text.ts';
import { showsLastSeen, subscribeToFreshness } from '../state/freshness.ts';
import { dismissToast, readToasts, subscribeToToasts } from '../state/toasts.ts';
import { Toasts } from '../ui/Toasts.tsx';

export function Notices() {
  const toasts = useSyncExternalStore(subscribeToToasts, readToasts, readToasts);
  const isOnline = useSyncExternalStore(
    subscribeToNetwork,
    () => navigator.onLine,
    () => true,
  );
  const isLastSeen = useSyncExternalStore(subscribeToFreshness, showsLastSeen, () => false);
  return (
    <>
      <div role="status">
        {(!isOnline || isLastSeen) && (
          <p className="offline">
            <WifiOff aria-hidden size={16} />
            {t(!isLastSeen ? 'common.offlineNotice' : isOnline ? 'offline.lastSeenAway' : 'offline.lastSeen')}
          </p>
        )}
      </div>
      <Toasts toasts={toasts} onDismiss={dismissToast} />
    </>
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
