import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { EmptyState } from '../ui/EmptyState.tsx';

type NotHereProps = { icon: LucideIcon; title: string; text: string; children?: ReactNode };

/** In the place of a page that there is not, or not for this viewer: with a way out. */
export function NotHere({ icon, title, text, children }: NotHereProps) {
  return (
    <div role="alert">
      <EmptyState isPage icon={icon} title={title} text={text}>
        <Link href={paths.home()} className="text-link">
          {t('common.goHome')}
        </Link>
        {children}
      </EmptyState>
    </div>
  );
}
