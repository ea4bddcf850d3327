import { useQueryClient } from '@tanstack/react-query';
import { Heart, House, type LucideIcon, Search, Settings, SquarePlus } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import type { Me } from '../../server/features/accounts/schema.ts';
import { useUnreadCount } from '../api/activity.ts';
import { refreshFeed } from '../api/posts.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { buttonClass } from '../ui/Button.tsx';
import { Mark, Wordmark } from '../ui/Wordmark.tsx';
import './shell.css';

type ShellProps = { me: Me | null; children: ReactNode };

/** What stands around every page: on a phone a bar at the bottom, on a desktop a bar at the side. */
export function Shell({ me, children }: ShellProps) {
  return (
    <div className="shell" data-signed-in={me !== null}>
      <button type="button" className="skip-link" onClick={() => document.getElementById('main')?.focus()}>
        {t('common.skip')}
      </button>
      {me ? <MemberBars me={me} /> : <VisitorBar />}
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function MemberBars({ me }: { me: Me }) {
  const unread = useUnreadCount(me);
  const [path] = useLocation();
  const client = useQueryClient();
  const activity = unread > 0 ? t('common.activityUnread', { count: unread }) : t('common.activity');
  return (
    <>
      <header className="top-bar">
        <Link href={paths.home()} aria-label={t('common.brandHome')}>
          <Wordmark height={25} />
        </Link>
        <Link href={paths.settings()} className="icon-button" aria-label={t('common.settings')}>
          <Settings aria-hidden size={22} strokeWidth={1.75} />
        </Link>
      </header>
      <nav className="nav" aria-label={t('common.mainNavigation')}>
        <Link href={paths.home()} className="nav-brand" aria-label={t('common.brandHome')}>
          <Wordmark height={27} />
          <Mark size={28} />
        </Link>
        <NavLink
          href={paths.home()}
          icon={House}
          label={t('common.home')}
          isHere={path === paths.home()}
          onAgain={() => refreshFeed(client)}
        />
        <NavLink
          href={paths.explore()}
          icon={Search}
          label={t('common.search')}
          isHere={/^\/(explore|tags)/.test(path)}
        />
        <NavLink
          href={paths.newPost()}
          icon={SquarePlus}
          label={t('common.newPost')}
          isHere={path === paths.newPost()}
        />
        <NavLink
          href={paths.activity()}
          icon={Heart}
          label={t('common.activity')}
          name={activity}
          hasDot={unread > 0}
          isHere={/^\/(activity|requests)/.test(path)}
        />
        <Link
          href={paths.profile(me.handle)}
          className="nav-link"
          aria-current={path.startsWith(paths.profile(me.handle)) ? 'page' : undefined}
          aria-label={t('common.profile')}
        >
          <span className="nav-icon nav-avatar">
            <Avatar url={me.avatarUrl} name={me.name || me.handle} size={26} />
          </span>
          <span className="nav-text">{t('common.profile')}</span>
        </Link>
        <span className="nav-rest">
          <NavLink
            href={paths.settings()}
            icon={Settings}
            label={t('common.settings')}
            isHere={path === paths.settings()}
          />
        </span>
      </nav>
    </>
  );
}

type NavLinkProps = {
  href: string;
  icon: LucideIcon;
  label: string;
  name?: string;
  isHere: boolean;
  hasDot?: boolean;
  /** When it is pressed on its own page: up to the top, with what is new. */
  onAgain?: () => void;
};

function NavLink({ href, icon: Icon, label, name = label, isHere, hasDot, onAgain }: NavLinkProps) {
  const again = () => {
    if (!isHere) return;
    window.scrollTo({ top: 0, behavior: 'smooth' });
    onAgain?.();
  };
  return (
    <Link
      href={href}
      className="nav-link"
      aria-current={isHere ? 'page' : undefined}
      aria-label={name}
      onClick={again}
    >
      <span className="nav-icon">
        <Icon aria-hidden size={26} strokeWidth={isHere ? 2.4 : 1.75} />
        {hasDot && <span className="nav-dot" />}
      </span>
      <span className="nav-text">{label}</span>
    </Link>
  );
}

function VisitorBar() {
  const [path] = useLocation();
  const next = path === paths.home() ? undefined : path;
  if (/^\/(sign-|setup|reset|confirm)/.test(path) || path === paths.home()) return null;
  return (
    <header className="visitor-bar">
      <Link href={paths.home()} aria-label={t('common.brandHome')}>
        <Wordmark height={25} />
      </Link>
      <span className="visitor-links">
        <Link href={paths.signIn(next)} className={buttonClass({})} data-look="plain">
          {t('common.signIn')}
        </Link>
        <Link href={paths.signUp(next)} className={buttonClass({ isSmall: true })} data-look="solid">
          {t('common.signUp')}
        </Link>
      </span>
    </header>
  );
}
