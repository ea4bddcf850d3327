import type { Me } from '../../../server/features/accounts/schema.ts';
import { useEditMe } from '../../api/accounts.ts';
import { t } from '../../i18n/text.ts';
import { Switch } from '../../ui/Field.tsx';
import { FormError } from '../FormError.tsx';
import { useWaitingOriginals } from '../the-originals.ts';

export function PrivacySection({ me }: { me: Me }) {
  const edit = useEditMe();
  const isPrivate = edit.isPending ? (edit.variables.isPrivate ?? me.isPrivate) : me.isPrivate;
  return (
    <>
      <FormError error={edit.error} />
      <Switch
        label={t('common.privateAccount')}
        hint={t('settings.privateHint')}
        isOn={isPrivate}
        disabled={edit.isPending}
        onChange={(isOn) => edit.mutate({ isPrivate: isOn })}
      />
      <OriginalsSwitch me={me} />
    </>
  );
}

function OriginalsSwitch({ me }: { me: Me }) {
  const edit = useEditMe();
  const waiting = useWaitingOriginals();
  const isOn = edit.isPending ? (edit.variables.keepsOriginals ?? me.keepsOriginals) : me.keepsOriginals;
  return (
    <div>
      <FormError error={edit.error} />
      <Switch
        label={t('settings.keepOriginals')}
        hint={t('settings.originalsHint')}
        isOn={isOn}
        disabled={edit.isPending}
        onChange={(keepsOriginals) => edit.mutate({ keepsOriginals })}
      />
      {waiting > 0 && (
        <p className="muted" role="status">
          {t('settings.originalsWaiting', { count: waiting })}
        </p>
      )}
    </div>
  );
}
