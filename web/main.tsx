import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { meQuery } from './api/accounts.ts';
import { keepLists, restoreLists } from './api/kept-lists.ts';
import { keys } from './api/keys.ts';
import { prefetchFeed } from './api/posts.ts';
import { createQueryClient } from './api/query-client.ts';
import { App, firstPages } from './app.tsx';
import { fillCache, readFirstData } from './first-data.ts';
import { loadMessages } from './i18n/messages.ts';
import { forgetKept, watchHistory } from './navigation.ts';
import { paths } from './paths.ts';
import { applyAppearance, readAppearance } from './state/appearance.ts';
import { wasSignedIn } from './state/signed-in-hint.ts';
import './ui/tokens.css';
import './ui/base.css';
import './ui/controls.css';
import './ui/overlay.css';

applyAppearance(readAppearance());
watchHistory();

const client = createQueryClient();
const first = readFirstData();
keepLists(client);
if (first) {
  fillCache(client, first);
  // What was drawn elsewhere knows of nothing that is kept here.
  forgetKept();
} else {
  restoreLists(client);
  void client.prefetchQuery(meQuery);
  const isFeedKept = client.getQueryData(keys.feed) !== undefined;
  if (location.pathname === paths.home() && wasSignedIn() && !isFeedKept) prefetchFeed(client);
}

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
const app = (
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>
);
const areas = ['common', 'feed', ...(first || wasSignedIn() ? [] : (['entrance'] as const))] as const;
await Promise.all([loadMessages(areas), first && firstPages[first.kind].load()]);
if (first) hydrateRoot(root, app);
else createRoot(root).render(app);
