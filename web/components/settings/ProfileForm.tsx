import type { FormEvent, ReactNode } from 'react';
import { limits } from '../../../core/limits.ts';
import type { Me } from '../../../server/features/accounts/schema.ts';
import { useEditMe } from '../../api/accounts.ts';
import { faultOf } from '../../api/client.ts';
import { t } from '../../i18n/text.ts';
import { Button } from '../../ui/Button.tsx';
import { Field, TextArea } from '../../ui/Field.tsx';
import { FormError } from '../FormError.tsx';
import { useWaitingWords } from '../use-waiting-words.ts';

type ProfileFormProps = {
  me: Me;
  label: string;
  onSaved: () => void;
  /** What happens when nothing was changed; without it, nothing can be sent then. */
  onUnchanged?: () => void;
  /** Beside the button. */
  children?: ReactNode;
};

export function ProfileForm({ me, label, onSaved, onUnchanged, children }: ProfileFormProps) {
  const edit = useEditMe();
  const [name, setName] = useWaitingWords(me.id, 'name', () => me.name);
  const [bio, setBio] = useWaitingWords(me.id, 'bio', () => me.bio);
  const hasChanged = name.trim() !== me.name || bio.trim() !== me.bio;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (edit.isPending || bio.length > limits.bioMax) return;
    if (hasChanged) edit.mutate({ name: name.trim(), bio: bio.trim() }, { onSuccess: onSaved });
    else onUnchanged?.();
  };
  const nameFault = faultOf(edit.error, 'name');
  const bioFault =
    faultOf(edit.error, 'bio') ?? (bio.length > limits.bioMax ? t('settings.tooLong') : undefined);
  return (
    <form className="form" onSubmit={submit}>
      {!nameFault && !bioFault && <FormError error={edit.error} />}
      <Field
        label={t('settings.name')}
        name="name"
        autoComplete="name"
        maxLength={limits.nameMax}
        value={name}
        onChange={(event) => setName(event.target.value)}
        fault={nameFault}
      />
      <TextArea
        label={t('settings.bio')}
        name="bio"
        rows={3}
        max={limits.bioMax}
        value={bio}
        onChange={(event) => setBio(event.target.value)}
        hint={t('settings.bioHint')}
        fault={bioFault}
      />
      <div className="button-row">
        <Button type="submit" isBusy={edit.isPending} disabled={!onUnchanged && !hasChanged}>
          {label}
        </Button>
        {children}
      </div>
    </form>
  );
}
