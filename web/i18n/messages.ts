/** The catalogues: an area of text is a file for each language, fetched with the code of the page that needs it. */
import loaders from 'virtual:messages';
import { isLanguage, type Language } from '../../core/languages.ts';
import type { Message } from '../../core/messages/format.ts';
import type activity from '../messages/en/activity.json';
import type common from '../messages/en/common.json';
import type composer from '../messages/en/composer.json';
import type editor from '../messages/en/editor.json';
import type entrance from '../messages/en/entrance.json';
import type errors from '../messages/en/errors.json';
import type feed from '../messages/en/feed.json';
import type filters from '../messages/en/filters.json';
import type offline from '../messages/en/offline.json';
import type post from '../messages/en/post.json';
import type profile from '../messages/en/profile.json';
import type search from '../messages/en/search.json';
import type settings from '../messages/en/settings.json';
import type viewer from '../messages/en/viewer.json';

type Areas = {
  activity: typeof activity;
  common: typeof common;
  composer: typeof composer;
  editor: typeof editor;
  entrance: typeof entrance;
  errors: typeof errors;
  feed: typeof feed;
  filters: typeof filters;
  offline: typeof offline;
  post: typeof post;
  profile: typeof profile;
  search: typeof search;
  settings: typeof settings;
  viewer: typeof viewer;
};
export type Area = keyof Areas;
export type Key = { [A in Area]: `${A}.${keyof Areas[A] & string}` }[Area];

const texts = new Map<string, Message>();
const loaded = new Set<string>();
/** Of the page as it was sent: to change it, the page is loaded anew. */
let current: Language = typeof document === 'undefined' ? 'en' : languageOfPage();

export function language(): Language {
  return current;
}

/** For the server, which draws pages one after the other, each in the language of its reader. */
export function speak(next: Language): void {
  current = next;
}

export async function loadMessages(areas: readonly Area[], of: Language = current): Promise<void> {
  await Promise.all(
    areas.map(async (area) => {
      const load = loaders[`${of}/${area}`];
      if (!load) throw new Error(`There is no catalogue ${of}/${area}.`);
      for (const [name, message] of Object.entries((await load()).default))
        texts.set(`${of}/${area}.${name}`, message);
      loaded.add(`${of}/${area}`);
    }),
  );
}

export function hasMessages(areas: readonly Area[]): boolean {
  return areas.every((area) => loaded.has(`${current}/${area}`));
}

/** For keys that are put together from something that the server said. */
export function isKey(text: string): text is Key {
  return texts.has(`${current}/${text}`);
}

/** Where the catalogue is not there, the key itself. */
export function messageOf(key: Key): Message {
  return texts.get(`${current}/${key}`) ?? key;
}

function languageOfPage(): Language {
  const { lang } = document.documentElement;
  return isLanguage(lang) ? lang : 'en';
}
