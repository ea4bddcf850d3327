import { X } from 'lucide-react';
import { useLayoutEffect, useRef } from 'react';
import { t } from '../i18n/text.ts';
import { Button, IconButton } from './Button.tsx';

type ToastEntry = { key: number; text: string; action?: { label: string; run: () => void } };
type ToastsProps = { toasts: readonly ToastEntry[]; onDismiss: (key: number) => void };

export function Toasts({ toasts, onDismiss }: ToastsProps) {
  const ref = useRef<HTMLElement>(null);
  const newest = toasts.at(-1)?.key;
  useLayoutEffect(() => {
    const list = ref.current;
    if (newest === undefined || !list?.isConnected || !('showPopover' in list)) return;
    // Over a dialog that was opened since.
    if (list.matches(':popover-open')) list.hidePopover();
    list.showPopover();
  }, [newest]);
  return (
    <section
      ref={ref}
      popover="manual"
      className="toasts"
      aria-live="polite"
      aria-label={t('common.messages')}
    >
      {toasts.map((toast) => (
        <div className="toast" key={toast.key}>
          <p>{toast.text}</p>
          {toast.action && (
            <Button
              look="plain"
              onClick={() => {
                onDismiss(toast.key);
                toast.action?.run();
              }}
            >
              {toast.action.label}
            </Button>
          )}
          <IconButton label={t('common.dismiss')} onClick={() => onDismiss(toast.key)}>
            <X aria-hidden size={18} />
          </IconButton>
        </div>
      ))}
    </section>
  );
}
