import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { meQuery } from './api/accounts.ts';
import { prefetchFeed } from './api/posts.ts';
import { createQueryClient } from './api/query-client.ts';
import { App } from './app.tsx';
import { watchHistory } from './navigation.ts';
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
void client.prefetchQuery(meQuery);
if (location.pathname === paths.home() && wasSignedIn()) prefetchFeed(client);

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
