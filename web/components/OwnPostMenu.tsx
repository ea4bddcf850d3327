import {
  Archive,
  ArchiveRestore,
  HeartOff,
  HeartPlus,
  type LucideIcon,
  MessageCircle,
  MessageCircleOff,
  Pencil,
  Pin,
  PinOff,
  Trash2,
} from 'lucide-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { PostCard } from '../../core/shapes.ts';
import { useArchivePost, usePinPost, useSwitchPost } from '../api/own-posts.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { showToast } from '../state/toasts.ts';
import { Menu, type MenuEntry } from '../ui/Menu.tsx';
import { DeletePostDialog } from './DeletePostDialog.tsx';

type OwnPostMenuProps = { post: PostCard; copy: MenuEntry; moreEntries: readonly MenuEntry[] };

/** What an author can do to a post of hers, from wherever it is shown. */
export function OwnPostMenu({ post, copy, moreEntries }: OwnPostMenuProps) {
  const [, navigate] = useLocation();
  const [asks, setAsks] = useState(false);
  const states = useStateEntries(post);
  const isReady = post.photos.some((photo) => photo.state === 'ready');
  const edit = entry(t('feed.editPost'), Pencil, () => navigate(paths.editPost(post.id)));
  const remove = { ...entry(t('feed.deletePost'), Trash2, () => setAsks(true)), isDanger: true };
  return (
    <>
      <Menu
        label={t('feed.moreAboutPost')}
        entries={[...(isReady ? [edit] : []), copy, ...states, ...moreEntries, remove]}
      />
      {asks && <DeletePostDialog post={post} onClose={() => setAsks(false)} />}
    </>
  );
}

function useStateEntries(post: PostCard): MenuEntry[] {
  const pin = usePinPost(post);
  const change = useSwitchPost(post);
  const archiving = useArchiveEntry(post);
  if (post.state !== 'published') return post.state === 'archived' ? [archiving] : [];
  const { isPinned, takesComments, hidesLikeCount } = post;
  const told = isPinned ? t('feed.unpinned') : t('feed.pinned');
  return [
    entry(isPinned ? t('feed.unpin') : t('feed.pin'), isPinned ? PinOff : Pin, () =>
      pin.mutate(!isPinned, { onSuccess: () => showToast(told) }),
    ),
    entry(
      takesComments ? t('feed.commentsOff') : t('feed.commentsOn'),
      takesComments ? MessageCircleOff : MessageCircle,
      () => change.mutate({ takesComments: !takesComments }),
    ),
    entry(
      hidesLikeCount ? t('feed.showLikeCount') : t('feed.hideLikeCount'),
      hidesLikeCount ? HeartPlus : HeartOff,
      () => change.mutate({ hidesLikeCount: !hidesLikeCount }),
    ),
    archiving,
  ];
}

function useArchiveEntry(post: PostCard): MenuEntry {
  const archive = useArchive(post);
  return post.state === 'archived'
    ? entry(t('feed.bringBack'), ArchiveRestore, () => archive(false))
    : entry(t('feed.archive'), Archive, () => archive(true));
}

/** Each way can be undone out of the message that tells of it. */
export function useArchive(post: PostCard): (isArchived: boolean) => void {
  const { mutateAsync } = useArchivePost(post);
  const archive = async (isArchived: boolean) => {
    try {
      await mutateAsync(isArchived);
    } catch {
      return; // the toast says why
    }
    const undo = { label: t('feed.undo'), run: () => void archive(!isArchived) };
    showToast(isArchived ? t('feed.archived') : t('feed.broughtBack'), undo);
  };
  return (isArchived) => void archive(isArchived);
}

function entry(label: string, Icon: LucideIcon, run: () => void): MenuEntry {
  return { label, icon: <Icon aria-hidden size={20} />, run };
}
