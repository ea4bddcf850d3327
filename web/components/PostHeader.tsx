import { Link2, UserRoundX } from 'lucide-react';
import { useState } from 'react';
import type { PostCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { Menu, type MenuEntry } from '../ui/Menu.tsx';
import { AvatarLink, HandleLink, PrivateMark } from './AccountLink.tsx';
import { OwnPostMenu } from './OwnPostMenu.tsx';
import { PostMarks } from './PostMarks.tsx';
import { copyLink } from './share-link.ts';
import { UntagDialog } from './UntagDialog.tsx';

type PostHeaderProps = { post: PostCard; moreEntries?: readonly MenuEntry[] };

export function PostHeader({ post, moreEntries = [] }: PostHeaderProps) {
  const me = useMe();
  const [asksUntag, setAsksUntag] = useState(false);
  const copy = {
    label: t('common.copyLink'),
    icon: <Link2 aria-hidden size={20} />,
    run: () => void copyLink(paths.post(post.id)),
  };
  const isNamed = post.photos.some(({ people }) => people.some(({ account }) => account.id === me?.id));
  const untag = {
    label: t('feed.untagMe'),
    icon: <UserRoundX aria-hidden size={20} />,
    run: () => setAsksUntag(true),
  };
  const untags = isNamed ? [untag] : [];
  return (
    <header className="post-head">
      <AvatarLink account={post.account} size={36} />
      <div className="post-author">
        <p>
          <HandleLink account={post.account} /> {post.account.isPrivate && <PrivateMark />}
        </p>
        <PostMarks post={post} />
      </div>
      {me?.id === post.account.id ? (
        <OwnPostMenu post={post} copy={copy} moreEntries={[...untags, ...moreEntries]} />
      ) : (
        <Menu label={t('feed.moreAboutPost')} entries={[copy, ...untags]} />
      )}
      {asksUntag && me && <UntagDialog post={post} accountId={me.id} onClose={() => setAsksUntag(false)} />}
    </header>
  );
}
