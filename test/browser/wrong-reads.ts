/** Every call that reads, the screen that makes it, and how it is made once more. */
import type { Page } from 'playwright-core';
import type { Call } from './faults.ts';
import type { Places } from './wrong-world.ts';

export type Read = {
  call: Call;
  at: string;
  /** Shown when it has come. */
  text: string | RegExp;
  /** Where not the visit of the page makes it. */
  open?: (page: Page) => Promise<unknown>;
  /** Makes it again; without it, "Try again" does. */
  again?: (page: Page) => Promise<unknown>;
  /** The screen's own words for some status. */
  says?: Record<number, RegExp>;
};

const likersOfComment = (page: Page) => page.locator('.comment-button', { hasText: '1 like' }).click();
/** Open once, they stay so in this place of the history. */
const openReplies = async (page: Page) => {
  const [closed, opened] = ['View 1 reply', 'Hide replies'].map((name) => page.getByRole('button', { name }));
  await closed
    ?.or(opened ?? closed)
    .first()
    .waitFor();
  if (await closed?.isVisible()) await closed?.click();
};
const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();

export function readsOf(places: Places): Read[] {
  const { other, liked, own, pinned, draft } = places;
  const editPhoto = press('Edit photo');
  return [
    // Each at a page that the one before has not fetched.
    { call: 'GET /handles/:', at: '/@ann', text: /^ann/, says: { 404: /This account is not here/ } },
    { call: 'GET /accounts/:/posts', at: '/@bob', text: 'Following' },
    { call: 'GET /accounts/:/tagged', at: '/@bob/tagged', text: 'No tagged photos yet' },
    { call: 'GET /saves', at: '/@mia/saved', text: 'Only you see what you have saved' },
    { call: 'GET /posts/archived', at: '/archive', text: 'Only you see your archived posts' },
    { call: 'GET /accounts/:/followers', at: '/@mia/followers', text: 'bob' },
    { call: 'GET /accounts/:/following', at: '/@mia/following', text: 'bob' },
    { call: 'GET /posts/:', at: pinned, text: 'Pinned', says: { 404: /This post is not here/ } },
    { call: 'GET /posts/:/comments', at: liked, text: 'My comment' },
    { call: 'GET /comments/:/replies', at: other, text: 'A reply', open: openReplies },
    { call: 'GET /comments/:/likes', at: other, text: 'ann', open: likersOfComment },
    {
      call: 'GET /posts/:/likes',
      at: other,
      text: 'bob',
      open: (page) => page.locator('.post-likes').getByRole('button').click(),
    },
    {
      call: 'GET /posts/:/photos/:/proof',
      at: `${own}/edit`,
      text: 'Filter',
      open: editPhoto,
      again: editPhoto,
    },
    {
      call: 'GET /posts/:/photos/:/edits',
      at: `${own}/edit`,
      text: 'Filter',
      open: editPhoto,
      again: editPhoto,
    },
    { call: 'GET /feed', at: '/', text: 'Liked and saved' },
    { call: 'GET /suggestions', at: '/explore', text: 'People you could follow' },
    { call: 'GET /search', at: '/explore?q=ann', text: 'ann' },
    {
      call: 'GET /hashtags/:',
      at: '/tags/calm',
      text: '#calm',
      says: { 404: /No posts to show/ },
    },
    { call: 'GET /follow-requests', at: '/requests', text: 'dan' },
    { call: 'GET /activity', at: '/activity', text: /follow/ },
    { call: 'GET /blocks', at: '/settings?section=blocked', text: 'cat' },
    { call: 'GET /sessions', at: '/settings?section=sessions', text: 'This session' },
    { call: 'GET /drafts', at: '/drafts', text: 'Not shared yet' },
    { call: 'GET /drafts/:', at: draft, text: /Edit|Caption/, again: (page) => openAgain(page, draft) },
    {
      call: 'GET /drafts/:/photos/:/proof',
      at: draft,
      text: /Edit|Caption/,
      again: (page) => openAgain(page, draft),
    },
  ];
}

async function openAgain(page: Page, at: string): Promise<void> {
  await page.getByText('Choose photos').waitFor();
  await page.evaluate((to) => {
    history.pushState(null, '', to);
    dispatchEvent(new PopStateEvent('popstate'));
  }, at);
}

type Quiet = { call: Call; at: string; text: string; handle: string | null; without?: string };

/** What nobody waits for: it is tried again by itself, or is about a network without members. */
export const QUIET: readonly Quiet[] = [
  { call: 'GET /setup', at: '/', text: 'Your photos, as you made them.', handle: null },
  // What it brings is then asked for by parts.
  { call: 'GET /home', at: '/', text: 'Liked and saved', handle: 'mia' },
  { call: 'GET /live', at: '/settings', text: 'Sign out', handle: 'mia' },
  {
    call: 'GET /live/changes',
    at: '/settings',
    text: 'Sign out',
    handle: 'mia',
    without: '**/api/v1/live?*',
  },
];
