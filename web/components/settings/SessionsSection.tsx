import { useEndSession, useSessions } from '../../api/accounts.ts';
import { Text } from '../../i18n/Text.tsx';
import { t } from '../../i18n/text.ts';
import { Button } from '../../ui/Button.tsx';
import { Spinner } from '../../ui/Spinner.tsx';
import { TimeAgo } from '../../ui/TimeAgo.tsx';
import { LoadError } from '../LoadError.tsx';
import { deviceOf } from './device-label.ts';

export function SessionsSection() {
  const sessions = useSessions();
  const end = useEndSession();
  if (sessions.isPending) return <Spinner />;
  if (sessions.isError) return <LoadError error={sessions.error} onRetry={() => void sessions.refetch()} />;
  return (
    <>
      <p className="muted">{t('settings.sessionsText')}</p>
      <ul className="sessions">
        {sessions.data.items.map((session) => {
          const name = labelOf(session.deviceName);
          return (
            <li key={session.id}>
              <div>
                <p className="strong" dir="auto" title={session.deviceName}>
                  {name}
                </p>
                <p className="muted">
                  {session.isCurrent ? (
                    t('settings.thisSession')
                  ) : (
                    <Text id="settings.lastUsed" values={{ time: <TimeAgo iso={session.lastUsedAt} /> }} />
                  )}
                </p>
              </div>
              {!session.isCurrent && (
                <Button
                  look="quiet"
                  isSmall
                  aria-label={t('settings.signOutNamed', { device: name })}
                  isBusy={end.isPending && end.variables === session.id}
                  onClick={() => end.mutate(session.id)}
                >
                  {t('settings.signOut')}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
    </>
  );
}

/** "Chrome on Linux"; names of programs stay as they are. */
function labelOf(deviceName: string): string {
  const device = deviceOf(deviceName);
  if (!device) return deviceName || t('settings.unknownDevice');
  const browser = device.browser ?? t('settings.browser');
  return device.system ? t('settings.browserOn', { browser, system: device.system }) : browser;
}
