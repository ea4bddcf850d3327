import { useLikers } from '../api/likes.ts';
import { t } from '../i18n/text.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { AccountList } from './AccountList.tsx';

type LikersDialogProps = { postId: string; onClose: () => void };

export function LikersDialog({ postId, onClose }: LikersDialogProps) {
  const likers = useLikers(postId, true);
  return (
    <Dialog title={t('feed.likesTitle')} onClose={onClose}>
      <AccountList pages={likers} empty={t('feed.noLikers')} />
    </Dialog>
  );
}
