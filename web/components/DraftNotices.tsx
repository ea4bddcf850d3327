import { AppWindow } from 'lucide-react';
import { t } from '../i18n/text.ts';
import { Button } from '../ui/Button.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { draftKeeper, useKeeping } from './the-draft.ts';

export function KeptNotice() {
  const { wasKept } = useKeeping();
  if (!wasKept) return null;
  return (
    <p className="notice kept-notice" role="status">
      {t('composer.kept')}
      <Button look="plain" onClick={draftKeeper.welcome}>
        {t('composer.ok')}
      </Button>
    </p>
  );
}

export function DraftElsewhere() {
  return (
    <EmptyState icon={AppWindow} title={t('composer.elsewhere')} text={t('composer.elsewhereText')}>
      <Button onClick={() => void draftKeeper.takeOver()}>{t('composer.goOnHere')}</Button>
    </EmptyState>
  );
}
