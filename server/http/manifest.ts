/**
 * What makes Pinhole an app of a phone, in each language. A browser asks for it without cookies, so the page's link names the
 * language; `id` says that it is one app all the same. An installed app takes over another description and other shortcuts at
 * its next start.
 */
import { z } from 'zod';
import { directionOf, type Language, languages } from '../../core/languages.ts';
import { say } from '../infra/messages.ts';
import { languageOf } from './languages.ts';
import type { Server } from './server.ts';

const ICON = { src: '/icons/192.png', sizes: '192x192', type: 'image/png' };
const MAX_AGE_SECONDS = 3600;

const query = z.object({ language: z.enum(languages).optional().catch(undefined) });

export function manifestRoute(server: Server): void {
  server.get('/manifest.webmanifest', { schema: { hide: true } }, async (request, reply) => {
    const language = query.parse(request.query).language ?? languageOf(request);
    return reply
      .headers({
        'content-type': 'application/manifest+json; charset=utf-8',
        'cache-control': `public, max-age=${MAX_AGE_SECONDS}`,
        vary: 'cookie, accept-language',
        'content-language': language,
      })
      .serializer(JSON.stringify)
      .send(manifestIn(language));
  });
}

function manifestIn(language: Language) {
  return {
    id: '/',
    lang: language,
    dir: directionOf(language),
    name: 'Pinhole',
    short_name: 'Pinhole',
    description: say(language, 'server.appText'),
    start_url: '/',
    scope: '/',
    display: 'standalone',
    background_color: '#ffffff',
    theme_color: '#161616',
    categories: ['photo', 'social'],
    icons: [
      { ...ICON, purpose: 'any' },
      { src: '/icons/512.png', sizes: '512x512', type: 'image/png', purpose: 'any' },
      { src: '/icons/maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
      { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
    ],
    shortcuts: [{ name: say(language, 'server.newPost'), url: '/new', icons: [ICON] }],
    share_target: {
      action: '/share',
      method: 'POST',
      enctype: 'multipart/form-data',
      params: {
        title: 'title',
        text: 'text',
        files: [{ name: 'photos', accept: ['image/*', '.heic', '.heif'] }],
      },
    },
  };
}
