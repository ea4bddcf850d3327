import { lazy } from 'react';
import { loadMessages } from '../i18n/messages.ts';

/** Code and texts that only whoever opens the editor needs. */
export const LazyEditor = lazy(async () => {
  const [code] = await Promise.all([import('../editor/Editor.tsx'), loadMessages(['editor', 'filters'])]);
  return code;
});
