/** A small network with something on each of its screens, and where these are. */
import type { Page } from 'playwright-core';
import type { Language } from '../../core/languages.ts';
import type { SettingsSection } from '../../web/paths.ts';
import { upright } from '../photos.ts';
import type { Person, World } from '../world.ts';
import { isThere } from './browser.ts';
import { goTo } from './faults.ts';
import { choose, received } from './sharing.ts';

export type Screen = {
  name: string;
  at: string;
  /** Shown when the screen is whole. */
  text: string | RegExp;
  /** Brings it into the state that is looked at. */
  open?: (page: Page) => Promise<unknown>;
  /** What of it is compared as a screen reader is told it. */
  tree?: 'body' | 'dialog';
  /** Leaves nothing of it to the screens after it. */
  leave?: (page: Page) => Promise<unknown>;
  /** Something that it needs does not come. */
  isWaiting?: boolean;
};

export const settingsSections: SettingsSection[] = [
  'profile',
  'privacy',
  'account',
  'sessions',
  'notifications',
  'appearance',
  'blocked',
  'data',
  'delete',
];

async function menu(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'More about this post' }).first().click();
  await page.getByRole('menu').waitFor();
}

async function replies(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'View 1 reply' }).click();
  await page.getByText('Quieter than the photo').waitFor();
}

async function editor(page: Page): Promise<void> {
  await page.getByLabel('Photos', { exact: true }).setInputFiles(upright);
  await page.getByRole('dialog').getByText('Warm vintage').waitFor();
}

/** One of its tools. */
function tool(name: string) {
  return async (page: Page) => {
    await editor(page);
    await page.getByRole('tab', { name }).click();
  };
}

async function compose(page: Page): Promise<void> {
  await choose(page, upright);
  await received(page, 1, 1);
  await page.getByText('Saved as a draft').waitFor();
}

async function discardDraft(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
  await page.getByText('Choose photos').waitFor();
}

async function viewer(page: Page): Promise<void> {
  await page.locator('article img').first().click();
  await page.getByRole('dialog', { name: /^Photos of/ }).waitFor();
}

async function likers(page: Page): Promise<void> {
  await page.locator('.post-likes').getByRole('button', { name: '1 like' }).click();
  await page.getByRole('dialog').getByText('Ann Archer').waitFor();
}

async function question(page: Page): Promise<void> {
  await menu(page);
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog').waitFor();
}

async function refused(page: Page): Promise<void> {
  await page.route('**/api/v1/hashtags/*', (route) => route.fulfill({ status: 403, body: '' }));
  await goTo(page, '/tags/granite');
  await page.getByRole('button', { name: 'Try again' }).waitFor();
}

async function allow(page: Page): Promise<void> {
  await page.unroute('**/api/v1/hashtags/*');
}

async function discard(page: Page): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await discardDraft(page);
}

/** Goes there as a link does, and stays where an answer is waited for. */
async function waitAt(page: Page, at: string): Promise<void> {
  await page.route('**/api/v1/**', () => undefined);
  await goTo(page, at);
  await page.locator('.spinner').first().waitFor();
}

async function goOn(page: Page): Promise<void> {
  await page.unrouteAll({ behavior: 'ignoreErrors' });
}

/** The ids of ann's post and mia's own, and of her draft that is to be published later. */
type Posts = { other: string; own: string; due: string };

/** `mia` is who looks; she follows, is followed, asked, liked and talked to. */
async function makeNetwork(world: World): Promise<Posts> {
  const [ann, bob, mia] = await world.accounts('ann', 'bob', 'mia');
  const asking = await world.account('asking', { name: 'Who Asks' });
  await world.account('shut', { name: 'A Private Person', isPrivate: true });
  await mia.blocks(await world.account('noise', { name: 'Too Loud' }));
  await ann.edits({ name: 'Ann Archer', bio: 'Light and stone. #granite' });
  await mia.edits({ name: 'Mia Moor', bio: 'On foot.' });
  for (const other of [ann, bob]) await mia.follows(other);
  const post = await ann.posts('First light over the harbour #granite with @mia');
  await bob.posts('Three of the same walk', [
    await colour('#446'),
    await colour('#a64'),
    await colour('#263'),
  ]);
  const own = await mia.posts('My own');
  const comment = await bob.comments(own, 'So quiet, @mia');
  // Each is told before the next: so activity has them in this order.
  const acts = [
    () => ann.follows(mia),
    () => bob.follows(mia),
    () => ann.likes(own),
    () => ann.replies(comment, 'Quieter than the photo'),
    () => ann.likesComment(comment),
    () => ann.comments(post, 'from a thermos'),
    () => mia.edits({ isPrivate: true }),
    () => asking.follows(mia),
  ];
  for (const act of acts) {
    await world.settled();
    await act();
  }
  await world.settled();
  const newcomer = await world.account('newcomer');
  await newcomer.edits({ firstRun: 'done' });
  return { other: post.id, own: own.id, due: await schedules(mia, 'For the first of the month') };
}

async function schedules(person: Person, caption: string): Promise<string> {
  const photo = await colour('#357');
  const content = { caption, photos: [{ uploadId: await person.uploads(photo) }] };
  const headers = { 'idempotency-key': crypto.randomUUID() };
  const { id } = (await person.must('POST', '/drafts', { body: { content }, headers })).body;
  const publishAt = new Date(Date.now() + 86_400_000).toISOString();
  await person.must('PUT', `/drafts/${id}/schedule`, { body: { publishAt } });
  return id;
}

/** Screens that one person looks at, one after the other; `as`: by whom, or null for a stranger. */
export type Walk = { as: string | null; language?: Language; screens: Screen[] };

export async function openWalks(world: World): Promise<Walk[]> {
  const posts = await makeNetwork(world);
  return [
    { as: null, screens: strangers(posts) },
    { as: 'mia', screens: members(posts) },
    { as: 'newcomer', screens: [...empty, ...waiting(posts)] },
    { as: null, language: 'ar', screens: inArabic(strangers(posts).filter(({ at }) => at === '/')) },
    { as: 'mia', language: 'ar', screens: inArabic(members(posts).filter(({ name }) => ARABIC.has(name))) },
  ];
}

function strangers({ other }: Posts): Screen[] {
  return [
    { name: 'welcome', at: '/', text: 'Your photos, as you made them.' },
    { name: 'sign-up', at: '/sign-up', text: 'It takes a minute' },
    { name: 'sign-in', at: '/sign-in', text: 'Forgot your password?' },
    { name: 'reset', at: '/reset', text: 'Tell us your address' },
    { name: 'public-post', at: `/p/${other}`, text: 'First light over' },
    { name: 'public-profile', at: '/@ann', text: 'Ann Archer' },
    { name: 'confirm', at: '/confirm#token', text: 'Confirm' },
    { name: 'nothing-here', at: '/nothing/here', text: /not here|There is nothing|not there/i },
  ];
}

function members({ own, due }: Posts): Screen[] {
  return [
    { name: 'feed', at: '/', text: 'Three of the same walk', tree: 'body' },
    { name: 'feed-menu', at: '/', text: 'Three of the same walk', open: menu },
    { name: 'post', at: `/p/${own}`, text: 'So quiet', open: replies, tree: 'body' },
    { name: 'viewer', at: `/p/${own}`, text: 'So quiet', open: viewer },
    { name: 'likers', at: `/p/${own}`, text: 'So quiet', open: likers },
    { name: 'question', at: `/p/${own}`, text: 'So quiet', open: question },
    { name: 'own-profile', at: '/@mia', text: 'Mia Moor' },
    { name: 'tagged', at: '/@mia/tagged', text: 'Tagged' },
    { name: 'saved', at: '/@mia/saved', text: 'Saved' },
    { name: 'archive', at: '/archive', text: 'Archive' },
    { name: 'drafts', at: '/drafts', text: 'For the first of the month' },
    { name: 'first-run-photo', at: '/welcome?step=photo', text: 'Add a photo of yourself' },
    { name: 'first-run-words', at: '/welcome?step=words', text: 'Say who you are' },
    { name: 'first-run', at: '/welcome?step=people', text: /follow/i },
    { name: 'profile', at: '/@ann', text: 'Light and stone' },
    { name: 'private-profile', at: '/@shut', text: /private/i },
    { name: 'blocked-profile', at: '/@noise', text: 'Too Loud' },
    { name: 'refused', at: '/explore', text: 'People you could follow', open: refused, leave: allow },
    { name: 'followers', at: '/@mia/followers', text: 'Ann Archer' },
    { name: 'following', at: '/@mia/following', text: 'Ann Archer' },
    { name: 'explore', at: '/explore?q=ann', text: 'Ann Archer' },
    { name: 'hashtag', at: '/tags/granite', text: '#granite' },
    { name: 'activity', at: '/activity', text: /liked your post/ },
    { name: 'requests', at: '/requests', text: 'Who Asks' },
    { name: 'new-post', at: '/new', text: 'Choose photos' },
    { name: 'edit-post', at: `/p/${own}/edit`, text: /Edit/ },
    ...settingsSections.map((section) => ({
      name: `settings-${section}`,
      at: `/settings?section=${section}`,
      text: /./,
    })),
    { name: 'editor', at: '/new', text: 'Choose photos', open: editor, tree: 'dialog', leave: discard },
    { name: 'editor-adjust', at: '/new', text: 'Choose photos', open: tool('Adjust'), leave: discard },
    { name: 'editor-crop', at: '/new', text: 'Choose photos', open: tool('Crop'), leave: discard },
    { name: 'composer', at: '/new', text: 'Choose photos', open: compose, leave: discardDraft },
    { name: 'scheduled', at: `/new?draft=${due}`, text: 'Schedule' },
  ];
}

/** The server takes its time. Not the feed: where that was seen before, it is shown after a while as it was. */
function waiting({ other }: Posts): Screen[] {
  const places = { post: `/p/${other}`, profile: '/@bob', search: '/explore?q=bob', activity: '/activity' };
  return Object.entries(places).map(([name, at]) => ({
    name: `${name}-waiting`,
    at: '/settings?section=privacy',
    text: /./,
    isWaiting: true,
    open: (page) => waitAt(page, at),
    leave: goOn,
  }));
}

/** Whoever has just come. */
const empty: Screen[] = [
  { name: 'feed-empty', at: '/', text: 'People you could follow' },
  { name: 'profile-empty', at: '/@newcomer', text: 'newcomer' },
  { name: 'activity-empty', at: '/activity', text: /./ },
  { name: 'drafts-empty', at: '/drafts', text: /./ },
  { name: 'requests-empty', at: '/requests', text: /./ },
  { name: 'search-empty', at: '/explore?q=zzz', text: 'Nothing begins with' },
  { name: 'hashtag-empty', at: '/tags/nothing', text: 'No posts to show' },
];

const ARABIC = new Set(
  [
    'feed',
    'post',
    'own-profile',
    'profile',
    'drafts',
    'scheduled',
    'first-run',
    'private-profile',
    'followers',
  ].concat([
    'explore',
    'hashtag',
    'activity',
    'requests',
    'new-post',
    'edit-post',
    'settings-profile',
    'settings-privacy',
  ]),
);

/** The words of its own language are not known here. */
function inArabic(screens: Screen[]): Screen[] {
  return screens.map(({ name, at }) => ({ name: `${name}-ar`, at, text: /./ }));
}

/** Of a network that has nobody yet. */
export const setup: Screen = { name: 'setup', at: '/', text: 'Setup code' };

export async function show(page: Page, { at, text, open }: Screen): Promise<void> {
  await page.goto(at);
  await isThere(page);
  await page.getByRole('main').getByText(text).filter({ visible: true }).first().waitFor();
  await open?.(page);
}

async function colour(background: string): Promise<Uint8Array<ArrayBuffer>> {
  const { default: sharp } = await import('sharp');
  const drawn = sharp({ create: { width: 1200, height: 900, channels: 3, background } }).jpeg();
  return new Uint8Array(await drawn.toBuffer());
}
