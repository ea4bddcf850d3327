import { WifiOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { NewPostsPill } from '../components/NewPostsPill.tsx';
import { PartialNotice } from '../components/PartialNotice.tsx';
import { t } from '../i18n/text.ts';
import { setNewPosts } from '../state/new-posts.ts';
import { showToast } from '../state/toasts.ts';
import { Button } from '../ui/Button.tsx';
import { ConfirmDialog, Dialog } from '../ui/Dialog.tsx';

const noop = () => undefined;
type Open = 'dialog' | 'confirm' | 'fault' | null;

/** What is said beside, above and over a page. */
export function Notes() {
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  useEffect(() => {
    setNewPosts(3);
    return () => setNewPosts(0);
  }, []);
  return (
    <>
      <p className="offline">
        <WifiOff aria-hidden size={16} />
        {t('common.offlineNotice')}
      </p>
      <div className="styleguide-pill">
        <NewPostsPill onBrought={noop} />
      </div>
      <PartialNotice
        pages={{ isPartial: true, isFetching: false, refetch: async () => undefined as never }}
      />
      <p className="styleguide-row">
        <Button look="quiet" onClick={() => showToast('Link copied')}>
          A message
        </Button>
        <Button look="quiet" onClick={() => setOpen('dialog')}>
          A dialog
        </Button>
        <Button look="quiet" onClick={() => setOpen('confirm')}>
          A question
        </Button>
        <Button look="quiet" onClick={() => setOpen('fault')}>
          A question that failed
        </Button>
      </p>
      {open === 'dialog' && (
        <Dialog title="People on this photo" onClose={close}>
          <p>What is in it scrolls.</p>
        </Dialog>
      )}
      {(open === 'confirm' || open === 'fault') && (
        <ConfirmDialog
          title="Delete this post?"
          text="Its photos, likes and comments go with it."
          confirm="Delete"
          fault={open === 'fault' ? 'The server could not do this just now.' : undefined}
          onConfirm={close}
          onClose={close}
        />
      )}
    </>
  );
}
