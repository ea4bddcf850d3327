import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { AccountCard } from '../../core/shapes.ts';
import { paths } from '../paths.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { PrivateMark } from './AccountLink.tsx';
import './accounts.css';

type AccountRowProps = { account: AccountCard; note?: ReactNode; children?: ReactNode };

export function AccountRow({ account, note, children }: AccountRowProps) {
  return (
    <li className="account-row">
      <AccountRowLink account={account} note={note} />
      {children}
    </li>
  );
}

type AccountRowLinkProps = { account: AccountCard; note?: ReactNode; onOpen?: () => void };

export function AccountRowLink({ account, note, onOpen }: AccountRowLinkProps) {
  return (
    <Link href={paths.profile(account.handle)} className="account-row-link" onClick={onOpen}>
      <Avatar url={account.avatarUrl} name={account.name || account.handle} size={46} />
      <span className="account-row-names">
        <span className="strong account-handle" dir="ltr">
          {account.handle} {account.isPrivate && <PrivateMark />}
        </span>
        {note ? (
          <span className="muted account-note">{note}</span>
        ) : (
          <span className="muted" dir="auto">
            {account.name}
          </span>
        )}
      </span>
    </Link>
  );
}
