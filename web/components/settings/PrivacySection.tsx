import type { Me } from '../../../server/features/accounts/schema.ts';
import { useEditMe } from '../../api/accounts.ts';
import { Switch } from '../../ui/Field.tsx';
import { FormError } from '../FormError.tsx';

export function PrivacySection({ me }: { me: Me }) {
  const edit = useEditMe();
  const isPrivate = edit.isPending ? (edit.variables.isPrivate ?? me.isPrivate) : me.isPrivate;
  return (
    <>
      <FormError error={edit.error} />
      <Switch
        label="Private account"
        hint="Only followers whom you accept see your posts. Those who follow you now stay."
        isOn={isPrivate}
        disabled={edit.isPending}
        onChange={(isOn) => edit.mutate({ isPrivate: isOn })}
      />
    </>
  );
}
