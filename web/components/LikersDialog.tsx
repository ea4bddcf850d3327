import { useLikers } from '../api/likes.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { AccountList } from './AccountList.tsx';

type LikersDialogProps = { postId: string; onClose: () => void };

export function LikersDialog({ postId, onClose }: LikersDialogProps) {
  const likers = useLikers(postId, true);
  return (
    <Dialog title="Likes" onClose={onClose}>
      <AccountList pages={likers} empty="Nobody you can see likes this yet." />
    </Dialog>
  );
}
