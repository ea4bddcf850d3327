import { useState } from 'react';
import type { Me } from '../../server/features/accounts/schema.ts';
import { useResendConfirmation } from '../api/accounts.ts';
import { t } from '../i18n/text.ts';
import { Button } from '../ui/Button.tsx';

/** Until the address is confirmed; can be put away for this visit. */
export function EmailNotice({ me }: { me: Me }) {
  const resend = useResendConfirmation();
  const [isAway, setAway] = useState(false);
  if (me.emailConfirmed || isAway) return null;
  return (
    <aside className="notice email-notice" aria-label={t('feed.confirmAddress')}>
      <p>
        {resend.isSuccess
          ? t('feed.linkOnItsWay', { email: me.email })
          : t('feed.confirmAddressText', { email: me.email })}
      </p>
      <div className="email-notice-actions">
        {!resend.isSuccess && (
          <Button look="plain" isBusy={resend.isPending} onClick={() => resend.mutate()}>
            {t('feed.sendAgain')}
          </Button>
        )}
        <Button look="plain" onClick={() => setAway(true)}>
          {t('feed.later')}
        </Button>
      </div>
    </aside>
  );
}
