import { useEndSession, useSessions } from '../../api/accounts.ts';
import { Button } from '../../ui/Button.tsx';
import { Spinner } from '../../ui/Spinner.tsx';
import { TimeAgo } from '../../ui/TimeAgo.tsx';
import { LoadError } from '../LoadError.tsx';
import { deviceLabel } from './device-label.ts';

export function SessionsSection() {
  const sessions = useSessions();
  const end = useEndSession();
  if (sessions.isPending) return <Spinner />;
  if (sessions.isError) return <LoadError error={sessions.error} onRetry={() => void sessions.refetch()} />;
  return (
    <>
      <p className="muted">
        Where you are signed in. Sign out what you do not know, then change your password.
      </p>
      <ul className="sessions">
        {sessions.data.items.map((session) => {
          const name = deviceLabel(session.deviceName);
          return (
            <li key={session.id}>
              <div>
                <p className="strong" dir="auto" title={session.deviceName}>
                  {name}
                </p>
                <p className="muted">
                  {session.isCurrent ? (
                    'This session'
                  ) : (
                    <>
                      Last used <TimeAgo iso={session.lastUsedAt} />
                    </>
                  )}
                </p>
              </div>
              {!session.isCurrent && (
                <Button
                  look="quiet"
                  isSmall
                  aria-label={`Sign out ${name}`}
                  isBusy={end.isPending && end.variables === session.id}
                  onClick={() => end.mutate(session.id)}
                >
                  Sign out
                </Button>
              )}
            </li>
          );
        })}
      </ul>
    </>
  );
}
