import { t } from '../i18n/text.ts';
export function Spinner({ label = t('common.loading') }: { label?: string }) {
  return (
    <div className="spinner" role="status">
      <span className="hidden-visually">{label}</span>
      <span className="spinner-ring" />
      <span className="spinner-slow" aria-hidden>
        {t('common.slowly')}
      </span>
    </div>
  );
}
