import { useLocation } from 'wouter';
import type { PostCard } from '../../core/shapes.ts';
import { sentenceOf } from '../api/client.ts';
import { useDeletePost } from '../api/posts.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { showToast } from '../state/toasts.ts';
import { ConfirmDialog } from '../ui/Dialog.tsx';

type DeletePostDialogProps = { post: PostCard; onClose: () => void };

export function DeletePostDialog({ post, onClose }: DeletePostDialogProps) {
  const remove = useDeletePost();
  const [path, navigate] = useLocation();
  const confirm = async () => {
    try {
      await remove.mutateAsync(post);
    } catch {
      return; // the dialog says why
    }
    showToast(t('feed.postDeleted'));
    onClose();
    if (path === paths.post(post.id)) navigate(paths.profile(post.account.handle), { replace: true });
  };
  return (
    <ConfirmDialog
      title={t('feed.deleteTitle')}
      text={t('feed.deleteText')}
      confirm={t('common.delete')}
      isBusy={remove.isPending}
      fault={remove.error ? sentenceOf(remove.error) : undefined}
      onConfirm={() => void confirm()}
      onClose={onClose}
    />
  );
}
