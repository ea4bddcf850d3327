import { type QueryClient, queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { AccountEdit, Me, Profile } from '../../server/features/accounts/schema.ts';
import { type Progress, rememberFirstRun } from '../state/first-run.ts';
import { rememberSignedIn } from '../state/signed-in-hint.ts';
import { ApiError, call } from './client.ts';
import { keys } from './keys.ts';
import type { Session } from './types.ts';

type SignedIn = { account: Me };
type NewAccount = { handle: string; email: string; password: string; name?: string };

export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: ({ signal }): Promise<Me | null> => fetchMe(signal).catch(nobodyIfSignedOut),
  staleTime: 60_000,
});

export function fetchMe(signal?: AbortSignal): Promise<Me> {
  return call<Me>('GET', '/me', { signal });
}

export function nobodyIfSignedOut(error: unknown): null {
  if (error instanceof ApiError && error.status === 401) return null;
  throw error;
}

/** The member who is signed in, or null. */
export function useMe(): Me | null {
  return useQuery(meQuery).data ?? null;
}

export function useSetup(isEnabled: boolean) {
  return useQuery({
    queryKey: keys.setup,
    queryFn: ({ signal }) => call<{ needsAdmin: boolean }>('GET', '/setup', { signal }),
    enabled: isEnabled,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useProfile(handle: string) {
  return useQuery({
    queryKey: keys.profile(handle),
    queryFn: ({ signal }) => call<Profile>('GET', `/handles/${encodeURIComponent(handle)}`, { signal }),
  });
}

export function useSignUp() {
  return useEntrance((account: NewAccount) => call<SignedIn>('POST', '/accounts', { body: account }));
}

export function useSetUpAdmin() {
  return useEntrance((admin: NewAccount & { code: string }) =>
    call<SignedIn>('POST', '/setup', { body: admin }),
  );
}

export function useSignIn() {
  return useEntrance((entry: { login: string; password: string }) =>
    call<SignedIn>('POST', '/sessions', { body: entry }),
  );
}

function useEntrance<Entry>(enter: (entry: Entry) => Promise<SignedIn>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: enter,
    meta: { showsError: true },
    onSuccess: ({ account }) => changeViewer(client, account),
  });
}

/** `leave` goes to a public page, before this one would ask to sign in again. */
export function useSignOut(leave: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call<void>('DELETE', '/sessions/current'),
    onSuccess: () => {
      leave();
      changeViewer(client, null);
    },
  });
}

/** What the cache holds was meant for the viewer before: all of it goes. */
function changeViewer(client: QueryClient, viewer: Me | null): void {
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'me' });
  client.setQueryData(keys.me, viewer);
  rememberSignedIn(viewer !== null);
}

export function useEditMe() {
  const client = useQueryClient();
  return useMutation({
    // One after the other: the reply to the last one is what holds.
    scope: { id: 'edit-me' },
    mutationFn: (edits: AccountEdit) => call<Me>('PATCH', '/me', { body: edits }),
    meta: { showsError: true },
    onSuccess: (me) => showMe(client, me),
  });
}

export function useSetAvatar() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (square: Blob | null) => {
      if (!square) return await call<Me>('DELETE', '/me/avatar');
      // Only here: the first screen does without it.
      const { sendPhoto } = await import('./uploads.ts');
      const { uploadId } = await sendPhoto(square);
      return await call<Me>('PUT', '/me/avatar', { body: { uploadId } });
    },
    meta: { showsError: true },
    onSuccess: (me) => showMe(client, me),
  });
}

/** Where the server cannot be told, it is offered once more on the next device. */
export function noteFirstRun(client: QueryClient, me: Me, firstRun: Progress): void {
  rememberFirstRun(me.id, firstRun);
  call<Me>('PATCH', '/me', { body: { firstRun }, keepalive: true }).then(
    () => client.setQueryData<Me | null>(keys.me, (now) => (now?.id === me.id ? { ...now, firstRun } : now)),
    () => undefined,
  );
}

function showMe(client: QueryClient, me: Me): void {
  client.setQueryData(keys.me, me);
  void client.invalidateQueries({ queryKey: keys.profile(me.handle) });
  void client.invalidateQueries({ queryKey: ['posts'], refetchType: 'none' });
}

export function useChangePassword() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (passwords: { currentPassword: string; newPassword: string }) =>
      call<void>('PUT', '/me/password', { body: passwords }),
    meta: { showsError: true },
    onSuccess: () => client.invalidateQueries({ queryKey: keys.sessions }),
  });
}

/** `leave` as in useSignOut. */
export function useDeleteMe(leave: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (password: string) => call<void>('DELETE', '/me', { body: { password } }),
    meta: { showsError: true },
    onSuccess: () => {
      leave();
      changeViewer(client, null);
    },
  });
}

export function useAskReset() {
  return useMutation({
    mutationFn: (email: string) => call<void>('POST', '/password-resets', { body: { email } }),
    meta: { showsError: true },
  });
}

export function useReset() {
  return useMutation({
    mutationFn: (reset: { token: string; password: string }) =>
      call<void>('POST', '/password-resets/confirm', { body: reset }),
    meta: { showsError: true },
  });
}

export function useConfirmEmail() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (token: string) => call<void>('POST', '/email-confirmations', { body: { token } }),
    meta: { showsError: true },
    onSuccess: () => client.invalidateQueries({ queryKey: keys.me }),
  });
}

export function useResendConfirmation() {
  return useMutation({ mutationFn: () => call<void>('POST', '/me/email-confirmation') });
}

export function useSessions() {
  return useQuery({
    queryKey: keys.sessions,
    queryFn: ({ signal }) => call<{ items: Session[] }>('GET', '/sessions', { signal }),
  });
}

export function useEndSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (sessionId: string) => call<void>('DELETE', `/sessions/${sessionId}`),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.sessions }),
  });
}
