import { type FormEvent, useState } from 'react';
import { limits } from '../../../core/limits.ts';
import type { Me } from '../../../server/features/accounts/schema.ts';
import { useChangePassword, useResendConfirmation } from '../../api/accounts.ts';
import { faultOf } from '../../api/client.ts';
import { t } from '../../i18n/text.ts';
import { showToast } from '../../state/toasts.ts';
import { Button } from '../../ui/Button.tsx';
import { Field } from '../../ui/Field.tsx';
import { FormError } from '../FormError.tsx';

export function AccountSection({ me }: { me: Me }) {
  const resend = useResendConfirmation();
  return (
    <>
      <dl className="facts">
        <div>
          <dt className="muted">{t('settings.handle')}</dt>
          <dd>
            <bdi>@{me.handle}</bdi>
          </dd>
        </div>
        <div>
          <dt className="muted">{t('settings.email')}</dt>
          <dd>
            <bdi>{me.email}</bdi>{' '}
            <span className="muted">
              {me.emailConfirmed ? t('settings.confirmed') : t('settings.notConfirmed')}
            </span>
          </dd>
        </div>
      </dl>
      {!me.emailConfirmed && (
        <div>
          <Button
            look="quiet"
            isBusy={resend.isPending}
            onClick={() =>
              resend.mutate(undefined, { onSuccess: () => showToast(t('settings.linkOnItsWay')) })
            }
          >
            {t('settings.sendLinkAgain')}
          </Button>
        </div>
      )}
      <PasswordForm />
    </>
  );
}

const EMPTY = { currentPassword: '', newPassword: '' };

function PasswordForm() {
  const change = useChangePassword();
  const [passwords, setPasswords] = useState(EMPTY);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (change.isPending) return;
    change.mutate(passwords, {
      onSuccess: () => {
        setPasswords(EMPTY);
        showToast(t('settings.passwordChanged'));
      },
    });
  };
  const fault = faultOf(change.error, 'newPassword');
  return (
    <form className="form" onSubmit={submit}>
      <h2>{t('settings.changePassword')}</h2>
      {!fault && <FormError error={change.error} />}
      <Field
        label={t('settings.currentPassword')}
        name="current-password"
        type="password"
        autoComplete="current-password"
        required
        value={passwords.currentPassword}
        onChange={(event) => setPasswords({ ...passwords, currentPassword: event.target.value })}
      />
      <Field
        label={t('settings.newPassword')}
        name="new-password"
        type="password"
        autoComplete="new-password"
        required
        minLength={limits.passwordMin}
        maxLength={limits.passwordMax}
        value={passwords.newPassword}
        onChange={(event) => setPasswords({ ...passwords, newPassword: event.target.value })}
        hint={t('settings.newPasswordHint', { count: limits.passwordMin })}
        fault={fault}
      />
      <div>
        <Button type="submit" isBusy={change.isPending}>
          {t('settings.changePassword')}
        </Button>
      </div>
    </form>
  );
}
