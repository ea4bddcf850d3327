import { Bookmark, Grid3x3, type LucideIcon, UserRoundCheck } from 'lucide-react';
import { Link } from 'wouter';
import type { Key } from '../i18n/messages.ts';
import { t } from '../i18n/text.ts';
import { type ProfileTab, paths } from '../paths.ts';
import './profile.css';

const TABS: readonly { tab: ProfileTab; label: Key; icon: LucideIcon }[] = [
  { tab: 'posts', label: 'feed.posts', icon: Grid3x3 },
  { tab: 'tagged', label: 'profile.tagged', icon: UserRoundCheck },
  { tab: 'saved', label: 'profile.saved', icon: Bookmark },
];

type ProfileTabsProps = { handle: string; isSelf: boolean; shown: ProfileTab };

/** Links, so that each can be opened, kept and shared by itself. */
export function ProfileTabs({ handle, isSelf, shown }: ProfileTabsProps) {
  const tabs = TABS.filter(({ tab }) => isSelf || tab !== 'saved');
  return (
    <nav className="profile-tabs" aria-label={t('profile.views')}>
      {tabs.map(({ tab, label, icon: Icon }) => (
        <Link
          key={tab}
          href={paths.profile(handle, tab)}
          className="profile-tab"
          aria-current={tab === shown ? 'page' : undefined}
        >
          <Icon aria-hidden size={18} strokeWidth={tab === shown ? 2.2 : 1.75} />
          {t(label)}
        </Link>
      ))}
    </nav>
  );
}
