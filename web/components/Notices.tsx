import { useSyncExternalStore } from 'react';
import { dismissToast, readToasts, subscribeToToasts } from '../state/toasts.ts';
import { Toasts } from '../ui/Toasts.tsx';

export function Notices() {
  const toasts = useSyncExternalStore(subscribeToToasts, readToasts, readToasts);
  return <Toasts toasts={toasts} onDismiss={dismissToast} />;
}
