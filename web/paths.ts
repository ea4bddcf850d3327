/** The one place where addresses of our pages are made, and the patterns that the router matches them with. */

type Query = Record<string, string | undefined>;

export type SettingsSection =
  | 'profile'
  | 'privacy'
  | 'account'
  | 'sessions'
  | 'notifications'
  | 'appearance'
  | 'blocked'
  | 'data'
  | 'delete';

/** What a profile shows beside its posts; what is saved only to oneself. */
export type ProfileTab = 'posts' | 'tagged' | 'saved';
export const firstRunSteps = ['photo', 'words', 'people'] as const;
export type FirstRunStep = (typeof firstRunSteps)[number];

export const paths = {
  home: () => '/',
  post: (postId: string) => `/p/${encodeURIComponent(postId)}`,
  editPost: (postId: string) => `/p/${encodeURIComponent(postId)}/edit`,
  profile: (handle: string, tab: ProfileTab = 'posts') =>
    `/@${encodeURIComponent(handle)}${tab === 'posts' ? '' : `/${tab}`}`,
  followers: (handle: string) => `/@${encodeURIComponent(handle)}/followers`,
  following: (handle: string) => `/@${encodeURIComponent(handle)}/following`,
  explore: (q?: string) => withQuery('/explore', { q }),
  hashtag: (tag: string) => `/tags/${encodeURIComponent(tag)}`,
  activity: () => '/activity',
  requests: () => '/requests',
  archive: () => '/archive',
  newPost: () => '/new',
  draft: (draftId: string) => withQuery('/new', { draft: draftId }),
  drafts: () => '/drafts',
  settings: (section?: SettingsSection) => withQuery('/settings', { section }),
  signIn: (next?: string) => withQuery('/sign-in', { next }),
  signUp: (next?: string) => withQuery('/sign-up', { next }),
  firstRun: (step?: FirstRunStep, next?: string) => withQuery('/welcome', { step, next }),
  setup: () => '/setup',
  reset: () => '/reset',
  apiReference: () => '/api',
};

export const patterns = {
  home: '/',
  post: '/p/:postId',
  editPost: '/p/:postId/edit',
  profile: /^\/@(?<handle>[^/]+)(?:\/(?<tab>tagged|saved))?\/?$/,
  followers: /^\/@(?<handle>[^/]+)\/followers\/?$/,
  following: /^\/@(?<handle>[^/]+)\/following\/?$/,
  explore: '/explore',
  hashtag: '/tags/:tag',
  activity: '/activity',
  requests: '/requests',
  archive: '/archive',
  newPost: '/new',
  drafts: '/drafts',
  settings: '/settings',
  signIn: '/sign-in',
  signUp: '/sign-up',
  firstRun: '/welcome',
  setup: '/setup',
  reset: '/reset',
  confirm: '/confirm',
} as const;

/** Where to go after signing in: only a path of our own, so that no link can send people elsewhere. */
export function safeReturn(next: string | null | undefined): string {
  if (!next || !/^\/(?![/\\])[^\\\s]*$/.test(next)) return paths.home();
  const { origin, pathname, search } = new URL(next, 'https://own.invalid');
  if (origin !== 'https://own.invalid' || pathname.startsWith('//')) return paths.home();
  return /^\/(sign-in|sign-up|welcome|setup|reset|confirm)\b/.test(pathname)
    ? paths.home()
    : pathname + search;
}

/** The same for all tabs of a profile: the page stays while one goes from tab to tab. */
export function pageOf(path: string): string {
  const handle = patterns.profile.exec(path)?.groups?.handle;
  return handle === undefined ? path : `/@${handle}`;
}

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1]));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}
