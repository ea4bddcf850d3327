import type { Me } from '../../../server/features/accounts/schema.ts';
import { useEditMe } from '../../api/accounts.ts';
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
        label="Private account"
        hint="Only followers whom you accept see your posts. Those who follow you now stay."
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
        label="Keep originals"
        hint={ORIGINALS_HINT}
        isOn={isOn}
        disabled={edit.isPending}
        onChange={(keepsOriginals) => edit.mutate({ keepsOriginals })}
      />
      {waiting > 0 && (
        <p className="muted" role="status">
          {waiting === 1 ? '1 original is' : `${waiting} originals are`} being sent. Leave Pinhole open until
          then.
        </p>
      )}
    </div>
  );
}

const ORIGINALS_HINT =
  'Photos are sent scaled down, and of what the camera wrote into them only the time. With this on, each untouched ' +
  'file, place included, is sent after it and kept for you to download. Other members never see it; whoever runs ' +
  'this server could. It takes several times the data. Turning it off deletes nothing that is kept.';
