import {
  Archive,
  Ban,
  Bell,
  Bookmark,
  BookOpen,
  ChevronRight,
  CircleUser,
  Download,
  KeyRound,
  Lock,
  LogOut,
  type LucideIcon,
  Smartphone,
  Sun,
  Trash2,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import type { Me } from '../../server/features/accounts/schema.ts';
import { useMe, useSignOut } from '../api/accounts.ts';
import { BackHeader } from '../components/BackHeader.tsx';
import { AccountSection } from '../components/settings/AccountSection.tsx';
import { AppearanceSection } from '../components/settings/AppearanceSection.tsx';
import { BlockedSection } from '../components/settings/BlockedSection.tsx';
import { DataSection } from '../components/settings/DataSection.tsx';
import { DeleteSection } from '../components/settings/DeleteSection.tsx';
import { NotificationsSection } from '../components/settings/NotificationsSection.tsx';
import { PrivacySection } from '../components/settings/PrivacySection.tsx';
import { ProfileSection } from '../components/settings/ProfileSection.tsx';
import { SessionsSection } from '../components/settings/SessionsSection.tsx';
import type { Key } from '../i18n/messages.ts';
import { t } from '../i18n/text.ts';
import { paths, type SettingsSection } from '../paths.ts';
import { useTitle } from '../ui/use-title.ts';
import './settings.css';

type Section = { key: SettingsSection; title: Key; icon: LucideIcon; show: (me: Me) => ReactNode };

const SECTIONS: readonly Section[] = [
  { key: 'profile', title: 'common.profile', icon: CircleUser, show: (me) => <ProfileSection me={me} /> },
  { key: 'privacy', title: 'settings.privacy', icon: Lock, show: (me) => <PrivacySection me={me} /> },
  { key: 'account', title: 'settings.account', icon: KeyRound, show: (me) => <AccountSection me={me} /> },
  { key: 'sessions', title: 'settings.sessions', icon: Smartphone, show: () => <SessionsSection /> },
  {
    key: 'notifications',
    title: 'settings.notifications',
    icon: Bell,
    show: (me) => <NotificationsSection me={me} />,
  },
  { key: 'appearance', title: 'settings.appearance', icon: Sun, show: () => <AppearanceSection /> },
  { key: 'blocked', title: 'settings.blocked', icon: Ban, show: () => <BlockedSection /> },
  { key: 'data', title: 'settings.data', icon: Download, show: () => <DataSection /> },
  { key: 'delete', title: 'settings.deleteAccount', icon: Trash2, show: (me) => <DeleteSection me={me} /> },
];

/** On a phone the list leads to one section; on a desktop both stand side by side. */
export function SettingsPage() {
  const me = useMe();
  const wanted = new URLSearchParams(useSearch()).get('section');
  const chosen = SECTIONS.find((section) => section.key === wanted);
  const shown = chosen ?? SECTIONS[0];
  useTitle(t(chosen?.title ?? 'common.settings'));
  if (!me || !shown) return null;
  return (
    <div className="page settings" data-chosen={chosen !== undefined}>
      <div className="settings-list">
        <header className="page-head">
          <h1>{t('common.settings')}</h1>
        </header>
        <nav aria-label={t('common.settings')}>
          <PageLink href={paths.profile(me.handle, 'saved')} icon={Bookmark} title={t('profile.saved')} />
          <PageLink href={paths.archive()} icon={Archive} title={t('profile.archive')} />
          {SECTIONS.map(({ key, title, icon: Icon }) => (
            <Link
              key={key}
              href={paths.settings(key)}
              className="settings-link"
              aria-current={shown.key === key ? 'page' : undefined}
            >
              <Icon aria-hidden size={21} strokeWidth={1.75} />
              {t(title)}
              <ChevronRight aria-hidden size={18} className="settings-chevron mirrored" />
            </Link>
          ))}
          <a href={paths.apiReference()} className="settings-link">
            <BookOpen aria-hidden size={21} strokeWidth={1.75} />
            {t('settings.api')}
          </a>
          <SignOutButton />
        </nav>
      </div>
      <section className="settings-section" key={shown.key} aria-label={t(shown.title)}>
        <BackHeader title={t(shown.title)} fallback={paths.settings()} />
        {shown.show(me)}
      </section>
    </div>
  );
}

type PageLinkProps = { href: string; icon: LucideIcon; title: string };

/** To a page of its own. */
function PageLink({ href, icon: Icon, title }: PageLinkProps) {
  return (
    <Link href={href} className="settings-link">
      <Icon aria-hidden size={21} strokeWidth={1.75} />
      {title}
      <ChevronRight aria-hidden size={18} className="settings-chevron mirrored" />
    </Link>
  );
}

function SignOutButton() {
  const [, navigate] = useLocation();
  const signOut = useSignOut(() => navigate(paths.home()));
  return (
    <button
      type="button"
      className="settings-link"
      aria-busy={signOut.isPending}
      onClick={() => signOut.mutate()}
    >
      <LogOut aria-hidden size={21} strokeWidth={1.75} />
      {t('settings.signOut')}
    </button>
  );
}
