import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import type { Me } from '../../../server/features/accounts/schema.ts';
import { useDeleteMe } from '../../api/accounts.ts';
import { Text } from '../../i18n/Text.tsx';
import { t } from '../../i18n/text.ts';
import { paths } from '../../paths.ts';
import { showToast } from '../../state/toasts.ts';
import { Button } from '../../ui/Button.tsx';
import { Field } from '../../ui/Field.tsx';
import { FormError } from '../FormError.tsx';

export function DeleteSection({ me }: { me: Me }) {
  const [, navigate] = useLocation();
  const remove = useDeleteMe(() => {
    navigate(paths.home());
    showToast(t('settings.deleted'));
  });
  const [password, setPassword] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!remove.isPending) remove.mutate(password);
  };
  return (
    <form className="form" onSubmit={submit}>
      <p>
        <Text id="settings.deleteText" values={{ handle: <bdi className="strong">@{me.handle}</bdi> }} />
      </p>
      <FormError error={remove.error} />
      <Field
        label={t('settings.passwordToBeSure')}
        name="password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <div>
        <Button type="submit" look="danger" isBusy={remove.isPending} disabled={password === ''}>
          {t('settings.deleteMine')}
        </Button>
      </div>
    </form>
  );
}
