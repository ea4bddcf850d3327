import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode, startTransition } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { sentCommentLikes } from './api/comment-likes.ts';
import { sentComments } from './api/comments.ts';
import { startHome } from './api/home.ts';
import { keepLists, restoreLists } from './api/kept-lists.ts';
import { sentLikes } from './api/likes.ts';
import { startOutbox } from './api/outbox.ts';
import { createQueryClient } from './api/query-client.ts';
import { sentSaves } from './api/saves.ts';
import { followTabs } from './api/tabs.ts';
import { App, firstPages } from './app.tsx';
import { SEEN } from './components/use-seen-mark.ts';
import { fillCache, readFirstData } from './first-data.ts';
import { loadMessages } from './i18n/messages.ts';
import { forgetKept, placeHere, watchHistory } from './navigation.ts';
import { paths } from './paths.ts';
import { applyAppearance, readAppearance } from './state/appearance.ts';
import { startServiceWorker } from './state/service-worker.ts';
import { sharesLater } from './state/share-later.ts';
import { wasSignedIn } from './state/signed-in-hint.ts';
import { onViewer } from './state/viewer.ts';
import './ui/tokens.css';
import './ui/base.css';
import './ui/controls.css';
import './ui/overlay.css';

applyAppearance(readAppearance());
watchHistory();

const client = createQueryClient();
const drawn = readFirstData();
// Whoever was far down in his feed goes on there, and not at the top that was drawn.
const first = drawn?.kind === 'home' && placeHere() > 0 ? null : drawn;
keepLists(client);
if (first) {
  fillCache(client, first);
  // What was drawn elsewhere knows of nothing that is kept here.
  forgetKept(SEEN);
} else restoreLists(client);
const sent = {
  like: sentLikes,
  save: sentSaves,
  comment: sentComments,
  'comment-like': sentCommentLikes,
};
startOutbox(client, sent);
followTabs(client, sent);
onViewer((viewer) => {
  // The page of the new post does so itself.
  if (!viewer || !sharesLater(viewer.accountId) || location.pathname === paths.newPost()) return;
  import('./components/sharing.ts').then(({ goOnSharing }) => goOnSharing(client)).catch(() => undefined);
});
const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
const app = (
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>
);
const areas = [
  'common',
  'feed',
  'offline',
  ...(first || wasSignedIn() ? [] : (['entrance'] as const)),
] as const;
await Promise.all([
  loadMessages(areas),
  first && first.kind !== 'home' ? firstPages[first.kind].load() : null,
  startHome(client, {
    isHome: location.pathname === paths.home(),
    isEntrance: [paths.signIn(), paths.signUp()].includes(location.pathname),
    drawn: first?.kind ?? null,
  }),
]);
// In slices, so that a finger is heard in between.
startTransition(() => {
  if (first) hydrateRoot(root, app);
  else createRoot(root).render(app);
});
startServiceWorker();
