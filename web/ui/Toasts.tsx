import { X } from 'lucide-react';
import { t } from '../i18n/text.ts';
import { Button, IconButton } from './Button.tsx';

type ToastEntry = { key: number; text: string; action?: { label: string; run: () => void } };
type ToastsProps = { toasts: readonly ToastEntry[]; onDismiss: (key: number) => void };

export function Toasts({ toasts, onDismiss }: ToastsProps) {
  return (
    <section className="toasts" aria-live="polite" aria-label={t('common.messages')}>
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
