import type { PostCard } from '../../core/shapes.ts';
import { sentenceOf } from '../api/client.ts';
import { useRemoveMyName } from '../api/people.ts';
import { t } from '../i18n/text.ts';
import { showToast } from '../state/toasts.ts';
import { ConfirmDialog } from '../ui/Dialog.tsx';

type UntagDialogProps = { post: PostCard; accountId: string; onClose: () => void };

export function UntagDialog({ post, accountId, onClose }: UntagDialogProps) {
  const remove = useRemoveMyName();
  const confirm = async () => {
    try {
      await remove.mutateAsync({ post, accountId });
    } catch {
      return; // the dialog says why
    }
    showToast(t('feed.untagged'));
    onClose();
  };
  return (
    <ConfirmDialog
      title={t('feed.untagTitle')}
      text={t(post.account.id === accountId ? 'feed.untagOwnText' : 'feed.untagText')}
      confirm={t('common.remove')}
      isBusy={remove.isPending}
      fault={remove.error ? sentenceOf(remove.error) : undefined}
      onConfirm={() => void confirm()}
      onClose={onClose}
    />
  );
}
