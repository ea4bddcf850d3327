import { Link } from 'wouter';
import { useConfirmEmail } from '../api/accounts.ts';
import { EntranceFrame } from '../components/EntranceFrame.tsx';
import { FormError } from '../components/FormError.tsx';
import { useHashToken } from '../components/use-hash-token.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { Button, buttonClass } from '../ui/Button.tsx';
import { useTitle } from '../ui/use-title.ts';

/** A press confirms, not the visit: programs that look through mail follow links too. */
export function ConfirmPage() {
  useTitle(t('entrance.confirmTitle'));
  const token = useHashToken();
  const confirm = useConfirmEmail();
  if (confirm.isSuccess) {
    return (
      <EntranceFrame title={t('entrance.confirmed')} text={t('entrance.confirmedText')}>
        <Link href={paths.home()} className={buttonClass({ isWide: true })} data-look="solid">
          {t('entrance.goToPinhole')}
        </Link>
      </EntranceFrame>
    );
  }
  return (
    <EntranceFrame
      title={t('entrance.confirmTitle')}
      text={token ? t('entrance.confirmText') : t('entrance.confirmNoLink')}
    >
      <FormError error={confirm.error} />
      {token && (
        <Button isWide isBusy={confirm.isPending} onClick={() => confirm.mutate(token)}>
          {t('entrance.confirm')}
        </Button>
      )}
    </EntranceFrame>
  );
}
