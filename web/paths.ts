/** The one place where addresses of our pages are made, and the patterns that the router matches them with. */

type Query = Record<string, string | undefined>;

export type SettingsSection =
  | 'profile'
  | 'privacy'
  | 'account'
  | 'sessions'
  | 'appearance'
  | 'blocked'
  | 'delete';

export const paths = {
  home: () => '/',
  post: (postId: string) => `/p/${encodeURIComponent(postId)}`,
  editPost: (postId: string) => `/p/${encodeURIComponent(postId)}/edit`,
  profile: (handle: string) => `/@${encodeURIComponent(handle)}`,
  followers: (handle: string) => `/@${encodeURIComponent(handle)}/followers`,
  following: (handle: string) => `/@${encodeURIComponent(handle)}/following`,
  explore: (q?: string) => withQuery('/explore', { q }),
  hashtag: (tag: string) => `/tags/${encodeURIComponent(tag)}`,
  activity: () => '/activity',
  requests: () => '/requests',
  newPost: () => '/new',
  draft: (draftId: string) => withQuery('/new', { draft: draftId }),
  drafts: () => '/drafts',
  settings: (section?: SettingsSection) => withQuery('/settings', { section }),
  signIn: (next?: string) => withQuery('/sign-in', { next }),
  signUp: (next?: string) => withQuery('/sign-up', { next }),
  setup: () => '/setup',
  reset: () => '/reset',
  apiReference: () => '/api',
};

export const patterns = {
  home: '/',
  post: '/p/:postId',
  editPost: '/p/:postId/edit',
  profile: /^\/@(?<handle>[^/]+)\/?$/,
  followers: /^\/@(?<handle>[^/]+)\/followers\/?$/,
  following: /^\/@(?<handle>[^/]+)\/following\/?$/,
  explore: '/explore',
  hashtag: '/tags/:tag',
  activity: '/activity',
  requests: '/requests',
  newPost: '/new',
  drafts: '/drafts',
  settings: '/settings',
  signIn: '/sign-in',
  signUp: '/sign-up',
  setup: '/setup',
  reset: '/reset',
  confirm: '/confirm',
} as const;

/** Where to go after signing in: only a path of our own, so that no link can send people elsewhere. */
export function safeReturn(next: string | null | undefined): string {
  if (!next || !/^\/(?![/\\])[^\\\s]*$/.test(next)) return paths.home();
  const { origin, pathname, search } = new URL(next, 'https://own.invalid');
  if (origin !== 'https://own.invalid' || pathname.startsWith('//')) return paths.home();
  return /^\/(sign-in|sign-up|setup|reset|confirm)\b/.test(pathname) ? paths.home() : pathname + search;
}

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1]));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}
