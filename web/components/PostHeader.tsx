import { Link2, SlidersHorizontal, Trash2, UserRoundX } from 'lucide-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { PostCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { useDeletePost } from '../api/posts.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { showToast } from '../state/toasts.ts';
import { ConfirmDialog } from '../ui/Dialog.tsx';
import { Menu, type MenuEntry } from '../ui/Menu.tsx';
import { AvatarLink, HandleLink, PrivateMark } from './AccountLink.tsx';
import { PostMarks } from './PostMarks.tsx';
import { copyLink } from './share-link.ts';
import { UntagDialog } from './UntagDialog.tsx';

type PostHeaderProps = { post: PostCard; moreEntries?: readonly MenuEntry[] };

export function PostHeader({ post, moreEntries = [] }: PostHeaderProps) {
  const [, navigate] = useLocation();
  const me = useMe();
  const [asks, setAsks] = useState(false);
  const [asksUntag, setAsksUntag] = useState(false);
  const isOwn = me?.id === post.account.id;
  const copy = {
    label: t('common.copyLink'),
    icon: <Link2 aria-hidden size={20} />,
    run: () => void copyLink(paths.post(post.id)),
  };
  const edit = {
    label: t('feed.editPhotos'),
    icon: <SlidersHorizontal aria-hidden size={20} />,
    run: () => navigate(paths.editPhotos(post.id)),
  };
  const isNamed = post.photos.some(({ people }) => people.some(({ account }) => account.id === me?.id));
  const untag = {
    label: t('feed.untagMe'),
    icon: <UserRoundX aria-hidden size={20} />,
    run: () => setAsksUntag(true),
  };
  const isReady = post.photos.some((photo) => photo.state === 'ready');
  const remove = {
    label: t('feed.deletePost'),
    icon: <Trash2 aria-hidden size={20} />,
    isDanger: true,
    run: () => setAsks(true),
  };
  return (
    <header className="post-head">
      <AvatarLink account={post.account} size={36} />
      <div className="post-author">
        <p>
          <HandleLink account={post.account} /> {post.account.isPrivate && <PrivateMark />}
        </p>
        <PostMarks post={post} />
      </div>
      <Menu
        label={t('feed.moreAboutPost')}
        entries={[
          copy,
          ...(isNamed ? [untag] : []),
          ...(isOwn ? [...(isReady ? [edit] : []), ...moreEntries, remove] : []),
        ]}
      />
      {asksUntag && me && <UntagDialog post={post} accountId={me.id} onClose={() => setAsksUntag(false)} />}
      {asks && <DeletePostDialog post={post} onClose={() => setAsks(false)} />}
    </header>
  );
}

type DeletePostDialogProps = { post: PostCard; onClose: () => void };

export function DeletePostDialog({ post, onClose }: DeletePostDialogProps) {
  const remove = useDeletePost();
  const [path, navigate] = useLocation();
  const confirm = async () => {
    try {
      await remove.mutateAsync(post);
    } catch {
      return; // the toast says why
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
      onConfirm={() => void confirm()}
      onClose={onClose}
    />
  );
}
