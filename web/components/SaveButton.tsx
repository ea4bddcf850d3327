import { Bookmark } from 'lucide-react';
import { useLocation } from 'wouter';
import type { PostCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { useSave } from '../api/saves.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { IconButton } from '../ui/Button.tsx';

/** A visitor who is not signed in is led there first. */
export function SaveButton({ post }: { post: PostCard }) {
  const me = useMe();
  const save = useSave(post.id);
  const [path, navigate] = useLocation();
  return (
    <IconButton
      label={t('feed.save')}
      className="save"
      aria-pressed={post.saved}
      onClick={() => (me ? save(!post.saved) : navigate(paths.signIn(path)))}
    >
      <Bookmark aria-hidden size={26} strokeWidth={1.75} fill={post.saved ? 'currentColor' : 'none'} />
    </IconButton>
  );
}
