import { language } from '../i18n/messages.ts';
import { exactTime, timeAgo } from './time-ago.ts';

export function TimeAgo({ iso }: { iso: string }) {
  return (
    <time dateTime={iso} title={exactTime(iso, language())} suppressHydrationWarning>
      {timeAgo(iso, Date.now(), language())}
    </time>
  );
}
