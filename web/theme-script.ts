/** Builds web/theme.ts into a script of its own, for which the page waits. For Vite. */
import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';
import { buildAlone } from './build-alone.ts';

export const THEME_SCRIPT = /^assets\/theme-\w+\.js$/;

export function themeScript(): Plugin {
  let isBuilt = false;
  let fileName = '';
  let source = '';
  return {
    name: 'theme-script',
    configResolved: (config) => {
      isBuilt = config.command === 'build' && !config.build.ssr;
    },
    buildStart: async () => {
      if (!isBuilt) return;
      source = await buildAlone('theme.ts');
      fileName = `assets/theme-${createHash('sha256').update(source).digest('hex').slice(0, 8)}.js`;
    },
    transformIndexHtml: () => [
      { tag: 'script', attrs: isBuilt ? { src: `/${fileName}` } : { type: 'module', src: '/theme.ts' } },
    ],
    generateBundle() {
      if (isBuilt) this.emitFile({ type: 'asset', fileName, source });
    },
  };
}
