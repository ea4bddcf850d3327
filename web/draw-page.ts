/** Pages drawn on the server by the same components, before the browser has their code. Built by itself: dist/drawing. */
import { QueryClientProvider } from '@tanstack/react-query';
import { createElement, StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { type Language, languages } from '../core/languages.ts';
import { createQueryClient } from './api/query-client.ts';
import { App, firstPages } from './app.tsx';
import { type FirstData, fillCache } from './first-data.ts';
import { loadMessages, speak } from './i18n/messages.ts';

export { FIRST_DATA_ID } from './first-data.ts';

/** What these pages say. */
const AREAS = ['common', 'feed', 'post', 'profile', 'errors', 'offline'] as const;

/** Once, before the first page is drawn. */
export async function prepare(): Promise<void> {
  await Promise.all([
    ...languages.map((language) => loadMessages(AREAS, language)),
    ...Object.values(firstPages).map((page) => page.load()),
  ]);
}

export function drawPage(path: string, language: Language, data: FirstData): string {
  speak(language);
  const client = createQueryClient();
  try {
    fillCache(client, data);
    const app = createElement(App, { ssrPath: path });
    return renderToString(
      createElement(StrictMode, null, createElement(QueryClientProvider, { client }, app)),
    );
  } finally {
    // Its timers would hold what it has for a quarter of an hour.
    client.clear();
  }
}
