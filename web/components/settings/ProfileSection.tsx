import type { Me } from '../../../server/features/accounts/schema.ts';
import { t } from '../../i18n/text.ts';
import { showToast } from '../../state/toasts.ts';
import { AvatarField } from './AvatarField.tsx';
import { ProfileForm } from './ProfileForm.tsx';

export function ProfileSection({ me }: { me: Me }) {
  return (
    <>
      <AvatarField me={me} />
      <ProfileForm me={me} label={t('settings.save')} onSaved={() => showToast(t('settings.profileSaved'))} />
    </>
  );
}
