/** The page in the language and the theme of its reader, with the messages that its first screen needs fetched beside its code. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyRequest } from 'fastify';
import { isTheme, THEME_COOKIE, type Theme } from '../../core/appearance.ts';
import {
  chooseLanguage,
  directionOf,
  isLanguage,
  LANGUAGE_COOKIE,
  type Language,
  languages,
} from '../../core/languages.ts';
import { say } from '../infra/messages.ts';

type Manifest = Readonly<Record<string, { file: string }>>;

/** As web/main.tsx loads them before it draws. */
const FIRST_AREAS = ['common', 'feed'];
const VISITORS_AREAS = ['entrance'];
const WISHES_MAX = 20;

const NEEDS_SCRIPTS = /(?<=<noscript>)[^<]*/;

/** As chosen in the settings, else as the browser says. */
export function languageOf(request: FastifyRequest): Language {
  const chosen = request.cookies[LANGUAGE_COOKIE];
  return isLanguage(chosen) ? chosen : chooseLanguage(wishesOf(request.headers['accept-language']));
}

/** As chosen in the settings, else null: the browser knows which it wants. */
export function themeOf(request: FastifyRequest): Theme | null {
  const chosen = request.cookies[THEME_COOKIE];
  return isTheme(chosen) ? chosen : null;
}

/** "de-AT,de;q=0.8,en;q=0.5" → those that are wanted, best first. */
function wishesOf(header = ''): string[] {
  return header
    .split(',', WISHES_MAX)
    .map((wish) => {
      const [tag = '', ...parameters] = wish.split(';').map((part) => part.trim());
      const quality = parameters.find((parameter) => parameter.startsWith('q='));
      return { tag, quality: quality === undefined ? 1 : Number(quality.slice(2)) };
    })
    .filter(({ tag, quality }) => tag !== '' && tag !== '*' && quality > 0)
    .sort((one, other) => other.quality - one.quality)
    .map(({ tag }) => tag);
}

/** `index.html` of the built client, in each language; the head is still to be filled in. */
export async function readPages(
  folder: string,
): Promise<(language: Language, isSignedIn: boolean, theme: Theme | null) => string> {
  const page = await readFile(path.join(folder, 'index.html'), 'utf8');
  const manifest: Manifest = JSON.parse(await readFile(path.join(folder, '.vite/manifest.json'), 'utf8'));
  const pages = new Map(
    languages.flatMap((language) => {
      const translated = page
        .replace('<html lang="en" dir="ltr">', `<html lang="${language}" dir="${directionOf(language)}">`)
        .replace(NEEDS_SCRIPTS, say(language, 'server.needsScripts'));
      return [true, false].map((isSignedIn) => {
        const areas = isSignedIn ? FIRST_AREAS : [...FIRST_AREAS, ...VISITORS_AREAS];
        const links = areas.map((area) => preloadOf(manifest, language, area)).join('');
        const head = `${links}${manifestLink(language)}</head>`;
        return [`${language} ${isSignedIn}`, translated.replace('</head>', head)] as const;
      });
    }),
  );
  return (language, isSignedIn, theme) => {
    const found = pages.get(`${language} ${isSignedIn}`) ?? page;
    return theme ? found.replace('<html ', `<html data-theme="${theme}" `) : found;
  };
}

function preloadOf(manifest: Manifest, language: Language, area: string): string {
  const chunk = manifest[`../virtual:messages/${language}/${area}`];
  if (!chunk) throw new Error(`The built client has no messages ${language}/${area}.`);
  return `<link rel="modulepreload" crossorigin href="/${chunk.file}">\n  `;
}

/** Of http/manifest.ts. */
function manifestLink(language: Language): string {
  return `<link rel="manifest" href="/manifest.webmanifest?language=${language}">\n  `;
}
