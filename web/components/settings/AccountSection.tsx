import { type FormEvent, useState } from 'react';
import { limits } from '../../../core/limits.ts';
import type { Me } from '../../../server/features/accounts/schema.ts';
import { useChangePassword, useResendConfirmation } from '../../api/accounts.ts';
import { faultOf } from '../../api/client.ts';
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
          <dt className="muted">Handle</dt>
          <dd>@{me.handle}</dd>
        </div>
        <div>
          <dt className="muted">E-mail address</dt>
          <dd>
            {me.email}{' '}
            <span className="muted">({me.emailConfirmed ? 'confirmed' : 'not confirmed yet'})</span>
          </dd>
        </div>
      </dl>
      {!me.emailConfirmed && (
        <div>
          <Button
            look="quiet"
            isBusy={resend.isPending}
            onClick={() =>
              resend.mutate(undefined, { onSuccess: () => showToast('A new link is on its way') })
            }
          >
            Send the link again
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
        showToast('Password changed');
      },
    });
  };
  const fault = faultOf(change.error, 'newPassword');
  return (
    <form className="form" onSubmit={submit}>
      <h2>Change password</h2>
      {!fault && <FormError error={change.error} />}
      <Field
        label="Current password"
        name="current-password"
        type="password"
        autoComplete="current-password"
        required
        value={passwords.currentPassword}
        onChange={(event) => setPasswords({ ...passwords, currentPassword: event.target.value })}
      />
      <Field
        label="New password"
        name="new-password"
        type="password"
        autoComplete="new-password"
        required
        minLength={limits.passwordMin}
        maxLength={limits.passwordMax}
        value={passwords.newPassword}
        onChange={(event) => setPasswords({ ...passwords, newPassword: event.target.value })}
        hint={`At least ${limits.passwordMin} characters. Other sessions are signed out.`}
        fault={fault}
      />
      <div>
        <Button type="submit" isBusy={change.isPending}>
          Change password
        </Button>
      </div>
    </form>
  );
}
