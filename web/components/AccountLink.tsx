import { Lock } from 'lucide-react';
import { Link } from 'wouter';
import type { AccountCard } from '../../core/shapes.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { Avatar } from '../ui/Avatar.tsx';

export function HandleLink({ account }: { account: AccountCard }) {
  return (
    <Link href={paths.profile(account.handle)} className="handle-link" dir="ltr">
      {account.handle}
    </Link>
  );
}

/** The picture leads where the handle beside it leads: one stop for the keyboard is enough. */
export function AvatarLink({ account, size }: { account: AccountCard; size: number }) {
  return (
    <Link href={paths.profile(account.handle)} tabIndex={-1} aria-hidden className="avatar-link">
      <Avatar url={account.avatarUrl} name={account.name || account.handle} size={size} />
    </Link>
  );
}

export function PrivateMark() {
  return (
    <Lock
      size={13}
      strokeWidth={2.25}
      role="img"
      aria-label={t('common.privateAccount')}
      className="private-mark"
    />
  );
}
