import { Aperture } from 'lucide-react';
import { Link } from 'wouter';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { buttonClass } from '../ui/Button.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { useTitle } from '../ui/use-title.ts';

export function NotFoundPage() {
  useTitle(t('common.notFound'));
  return (
    <div className="page narrow">
      <h1 className="hidden-visually">{t('common.notFound')}</h1>
      <EmptyState icon={Aperture} title={t('common.nothingHere')} text={t('common.nothingHereText')}>
        <Link href={paths.home()} className={buttonClass({})} data-look="quiet">
          {t('common.goHome')}
        </Link>
      </EmptyState>
    </div>
  );
}
