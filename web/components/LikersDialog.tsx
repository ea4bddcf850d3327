import { useCommentLikers } from '../api/comment-likes.ts';
import { useLikers } from '../api/likes.ts';
import { t } from '../i18n/text.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { AccountList } from './AccountList.tsx';

type LikersDialogProps = { postId: string; onClose: () => void };

export function LikersDialog({ postId, onClose }: LikersDialogProps) {
  const likers = useLikers(postId);
  return (
    <Dialog title={t('feed.likesTitle')} onClose={onClose}>
      <AccountList pages={likers} empty={t('feed.noLikers')} />
    </Dialog>
  );
}

type CommentLikersDialogProps = { commentId: string; onClose: () => void };

export function CommentLikersDialog({ commentId, onClose }: CommentLikersDialogProps) {
  const likers = useCommentLikers(commentId);
  return (
    <Dialog title={t('feed.likesTitle')} onClose={onClose}>
      <AccountList pages={likers} empty={t('feed.noLikers')} />
    </Dialog>
  );
}
