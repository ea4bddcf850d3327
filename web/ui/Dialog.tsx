import { X } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { t } from '../i18n/text.ts';
import { Button, IconButton } from './Button.tsx';

type DialogProps = { title: string; onClose: () => void; children: ReactNode };

/** Modal: the browser keeps the focus inside, Esc closes it, the focus returns afterwards. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const titleId = useId();
  return (
    <Modal labelledBy={titleId} onClose={onClose}>
      <header className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <IconButton label={t('common.close')} onClick={onClose}>
          <X aria-hidden size={22} />
        </IconButton>
      </header>
      <div className="dialog-body">{children}</div>
    </Modal>
  );
}

type ConfirmProps = {
  title: string;
  text: ReactNode;
  confirm: string;
  cancel?: string;
  isBusy?: boolean;
  /** Why it could not be done: what lies under a dialog is not read. */
  fault?: string | undefined;
  onConfirm: () => void;
  onClose: () => void;
};

export function ConfirmDialog({
  title,
  text,
  confirm,
  cancel = t('common.cancel'),
  isBusy,
  fault,
  onConfirm,
  onClose,
}: ConfirmProps) {
  const titleId = useId();
  return (
    <Modal labelledBy={titleId} onClose={onClose}>
      <div className="dialog-text">
        <h2 id={titleId}>{title}</h2>
        <p className="muted">{text}</p>
        {fault && (
          <p className="error-text" role="alert">
            {fault}
          </p>
        )}
      </div>
      <div className="dialog-actions">
        <Button look="quiet" onClick={onClose}>
          {cancel}
        </Button>
        <Button look="danger" isBusy={isBusy} onClick={onConfirm}>
          {confirm}
        </Button>
      </div>
    </Modal>
  );
}

type ModalProps = { labelledBy: string; onClose: () => void; children: ReactNode };

function Modal({ labelledBy, onClose, children }: ModalProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    // A press beside it counts as Esc, where the browser knows this.
    ref.current?.setAttribute('closedby', 'any');
    ref.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className="dialog"
      aria-labelledby={labelledBy}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      {children}
    </dialog>
  );
}
