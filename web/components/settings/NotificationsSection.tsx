import type { Me } from '../../../server/features/accounts/schema.ts';
import { useEditMe } from '../../api/accounts.ts';
import type { Key } from '../../i18n/messages.ts';
import { t } from '../../i18n/text.ts';
import { Switch } from '../../ui/Field.tsx';
import { FormError } from '../FormError.tsx';

type Choice = keyof Me['notifications'];

const CHOICES: readonly { choice: Choice; label: Key; hint: Key }[] = [
  { choice: 'likes', label: 'settings.notifyLikes', hint: 'settings.notifyLikesHint' },
  { choice: 'comments', label: 'settings.notifyComments', hint: 'settings.notifyCommentsHint' },
  { choice: 'follows', label: 'settings.notifyFollows', hint: 'settings.notifyFollowsHint' },
  { choice: 'mentions', label: 'settings.notifyMentions', hint: 'settings.notifyMentionsHint' },
];

export function NotificationsSection({ me }: { me: Me }) {
  return (
    <>
      <p className="muted">{t('settings.notificationsText')}</p>
      {CHOICES.map(({ choice, label, hint }) => (
        <NotificationSwitch key={choice} me={me} choice={choice} label={t(label)} hint={t(hint)} />
      ))}
    </>
  );
}

type NotificationSwitchProps = { me: Me; choice: Choice; label: string; hint: string };

/** Turned at once; turned back, with the reason, when the server refuses. */
function NotificationSwitch({ me, choice, label, hint }: NotificationSwitchProps) {
  const edit = useEditMe();
  const wished = edit.isPending ? edit.variables.notifications?.[choice] : undefined;
  return (
    <div>
      <FormError error={edit.error} />
      <Switch
        label={label}
        hint={hint}
        isOn={wished ?? me.notifications[choice]}
        onChange={(isOn) => edit.mutate({ notifications: { [choice]: isOn } })}
      />
    </div>
  );
}
