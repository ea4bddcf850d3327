import { exactTime, timeAgo } from './time-ago.ts';

export function TimeAgo({ iso }: { iso: string }) {
  return (
    <time dateTime={iso} title={exactTime(iso)}>
      {timeAgo(iso, Date.now())}
    </time>
  );
}
