import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import type { Me } from '../../../server/features/accounts/schema.ts';
import { useDeleteMe } from '../../api/accounts.ts';
import { paths } from '../../paths.ts';
import { showToast } from '../../state/toasts.ts';
import { Button } from '../../ui/Button.tsx';
import { Field } from '../../ui/Field.tsx';
import { FormError } from '../FormError.tsx';

export function DeleteSection({ me }: { me: Me }) {
  const [, navigate] = useLocation();
  const remove = useDeleteMe(() => {
    navigate(paths.home());
    showToast('Your account is deleted');
  });
  const [password, setPassword] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!remove.isPending) remove.mutate(password);
  };
  return (
    <form className="form" onSubmit={submit}>
      <p>
        This deletes <span className="strong">@{me.handle}</span> for good: your profile, every post and its
        photos, your comments, your likes, whom you follow and who follows you. You are signed out everywhere.
        It cannot be undone, and nobody can bring it back.
      </p>
      <FormError error={remove.error} />
      <Field
        label="Your password, to be sure"
        name="password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <div>
        <Button type="submit" look="danger" isBusy={remove.isPending} disabled={password === ''}>
          Delete my account
        </Button>
      </div>
    </form>
  );
}
