import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Me } from '../../server/features/accounts/schema.ts';
import { call } from './client.ts';
import { keys } from './keys.ts';
import { usePages } from './pages.ts';
import type { Activity } from './types.ts';

const UNREAD_POLL_MS = 60_000;

export function useActivity() {
  return usePages<Activity>(keys.activity, '/activity');
}

/** /me brings the first count along, so that a visit costs no request of its own. */
export function useUnreadCount(me: Me | null): number {
  const query = useQuery({
    queryKey: keys.unread,
    queryFn: ({ signal }) => call<{ count: number }>('GET', '/activity/unread', { signal }),
    enabled: me !== null,
    initialData: me ? { count: me.unreadActivity } : undefined,
    staleTime: UNREAD_POLL_MS,
    refetchInterval: UNREAD_POLL_MS,
  });
  return me ? (query.data?.count ?? 0) : 0;
}

/** The marks of the list on the screen stay until it is next fetched; the dot in the bar goes. */
export function useMarkSeen() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (activityId: string) => call<void>('PUT', '/activity/seen', { body: { activityId } }),
    onSuccess: () => client.setQueryData(keys.unread, { count: 0 }),
  });
}
