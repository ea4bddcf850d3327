import { Link2 } from 'lucide-react';
import type { PostCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { Menu, type MenuEntry } from '../ui/Menu.tsx';
import { AvatarLink, HandleLink, PrivateMark } from './AccountLink.tsx';
import { OwnPostMenu } from './OwnPostMenu.tsx';
import { copyLink } from './share-link.ts';

type PostHeaderProps = { post: PostCard; moreEntries?: readonly MenuEntry[] };

export function PostHeader({ post, moreEntries = [] }: PostHeaderProps) {
  const me = useMe();
  const copy = {
    label: t('common.copyLink'),
    icon: <Link2 aria-hidden size={20} />,
    run: () => void copyLink(paths.post(post.id)),
  };
  return (
    <header className="post-head">
      <AvatarLink account={post.account} size={36} />
      <p className="post-author">
        <HandleLink account={post.account} /> {post.account.isPrivate && <PrivateMark />}
      </p>
      {me?.id === post.account.id ? (
        <OwnPostMenu post={post} copy={copy} moreEntries={moreEntries} />
      ) : (
        <Menu label={t('feed.moreAboutPost')} entries={[copy]} />
      )}
    </header>
  );
}
