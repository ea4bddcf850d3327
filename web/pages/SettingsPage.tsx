import {
  Ban,
  BookOpen,
  ChevronRight,
  CircleUser,
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
import { DeleteSection } from '../components/settings/DeleteSection.tsx';
import { PrivacySection } from '../components/settings/PrivacySection.tsx';
import { ProfileSection } from '../components/settings/ProfileSection.tsx';
import { SessionsSection } from '../components/settings/SessionsSection.tsx';
import { paths, type SettingsSection } from '../paths.ts';
import { useTitle } from '../ui/use-title.ts';
import './settings.css';

type Section = { key: SettingsSection; title: string; icon: LucideIcon; show: (me: Me) => ReactNode };

const SECTIONS: readonly Section[] = [
  { key: 'profile', title: 'Profile', icon: CircleUser, show: (me) => <ProfileSection me={me} /> },
  { key: 'privacy', title: 'Privacy', icon: Lock, show: (me) => <PrivacySection me={me} /> },
  { key: 'account', title: 'E-mail and password', icon: KeyRound, show: (me) => <AccountSection me={me} /> },
  { key: 'sessions', title: 'Sessions', icon: Smartphone, show: () => <SessionsSection /> },
  { key: 'appearance', title: 'Appearance', icon: Sun, show: () => <AppearanceSection /> },
  { key: 'blocked', title: 'Blocked accounts', icon: Ban, show: () => <BlockedSection /> },
  { key: 'delete', title: 'Delete account', icon: Trash2, show: (me) => <DeleteSection me={me} /> },
];

/** On a phone the list leads to one section; on a desktop both stand side by side. */
export function SettingsPage() {
  const me = useMe();
  const wanted = new URLSearchParams(useSearch()).get('section');
  const chosen = SECTIONS.find((section) => section.key === wanted);
  const shown = chosen ?? SECTIONS[0];
  useTitle(chosen?.title ?? 'Settings');
  if (!me || !shown) return null;
  return (
    <div className="page settings" data-chosen={chosen !== undefined}>
      <div className="settings-list">
        <header className="page-head">
          <h1>Settings</h1>
        </header>
        <nav aria-label="Settings">
          {SECTIONS.map(({ key, title, icon: Icon }) => (
            <Link
              key={key}
              href={paths.settings(key)}
              className="settings-link"
              aria-current={shown.key === key ? 'page' : undefined}
            >
              <Icon aria-hidden size={21} strokeWidth={1.75} />
              {title}
              <ChevronRight aria-hidden size={18} className="settings-chevron" />
            </Link>
          ))}
          <a href={paths.apiReference()} className="settings-link">
            <BookOpen aria-hidden size={21} strokeWidth={1.75} />
            For programmers: the API
          </a>
          <SignOutButton />
        </nav>
      </div>
      <section className="settings-section" key={shown.key} aria-label={shown.title}>
        <BackHeader title={shown.title} fallback={paths.settings()} />
        {shown.show(me)}
      </section>
    </div>
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
      Sign out
    </button>
  );
}
