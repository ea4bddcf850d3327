import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect } from 'react';
import { useLocation } from 'wouter';
import type { Me } from '../../server/features/accounts/schema.ts';
import { t } from '../i18n/text.ts';
import { setLeaveGuard } from '../navigation.ts';
import { paths } from '../paths.ts';
import { showToast } from '../state/toasts.ts';
import { shareDraft, useSharing } from './sharing.ts';
import { draftStore } from './the-draft.ts';

/** Shares the draft of this page, also one that was to be shared before the page was opened; then leads to the post. */
export function useShare(me: Me) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const sharing = useSharing();

  const share = useCallback(async () => {
    const post = await shareDraft(client, me);
    if (!post) return;
    setLeaveGuard(null);
    if (post === 'later') {
      showToast(t('composer.scheduled'));
      if (location.pathname === paths.newPost()) navigate(paths.drafts(), { replace: true });
    } else if (post === 'before') {
      showToast(t('composer.sharedAlready'));
      navigate(paths.profile(me.handle), { replace: true });
    } else if (location.pathname === paths.newPost()) navigate(paths.post(post.id), { replace: true });
    else showToast(t('composer.shared'));
  }, [client, me, navigate]);

  useEffect(() => {
    if (draftStore.read().wantsToShare) void share();
  }, [share]);

  return { ...sharing, share };
}
