/** Every call that changes something, how a member makes it, and what must be so after it was refused. */
import path from 'node:path';
import type { Page } from 'playwright-core';
import { type Call, goTo } from './faults.ts';
import type { Places } from './wrong-world.ts';

export type Act = {
  call: Call;
  at: string;
  /** Once, before the first try. */
  begin?: (page: Page) => Promise<unknown>;
  act: (page: Page) => Promise<unknown>;
  /** What was typed or chosen, and what is true. */
  holds: (page: Page) => Promise<unknown>;
  says?: Record<number, RegExp>;
  /** Statuses that are no failure of it. */
  except?: number[];
  /** It goes through the outbox: what is no refusal only makes it wait. */
  isWaiting?: boolean;
  /** Of somebody who is not signed in. */
  isVisitors?: boolean;
  /** The page as it comes to the first visitor of all. */
  isFirst?: boolean;
};

export const PHOTO = path.join(import.meta.dirname, '../fixtures/orientation/Landscape_6.jpg');
const TYPED = 'typed with care';

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first();
const press = (name: string | RegExp) => (page: Page) => button(page, name).click();
const shows = (name: string | RegExp) => (page: Page) => button(page, name).waitFor();
const reads = (text: string) => (page: Page) => page.getByText(text).first().waitFor();
const fill =
  (label: string, text = TYPED) =>
  (page: Page) =>
    page.getByLabel(label, { exact: true }).fill(text);

function keeps(...labels: string[]) {
  return async (page: Page) => {
    for (const label of labels)
      await page.waitForFunction(([field, text]) => (field as HTMLInputElement).value === text, [
        await page.getByLabel(label, { exact: true }).elementHandle(),
        TYPED,
      ] as const);
  };
}

function isTurned(name: string, isOn: boolean) {
  return (page: Page) => page.getByRole('switch', { name, checked: isOn }).waitFor();
}

function isPressed(name: string | RegExp, isOn: boolean) {
  return (page: Page) => page.getByRole('button', { name, pressed: isOn }).first().waitFor();
}

/** An entry of a menu, and the dialog that asks once more; which stays open when it was refused. */
function chooses(menu: string | RegExp, entry: string | RegExp, confirm?: string) {
  return async (page: Page) => {
    const dialog = page.getByRole('dialog');
    if ((await dialog.count()) === 0) {
      await page.getByRole('button', { name: menu }).first().click();
      await page.getByRole('menuitem', { name: entry }).click();
    }
    if (confirm) await dialog.getByRole('button', { name: confirm, exact: true }).click();
  };
}

const POST_MENU = 'More about this post';
const asksStill = (page: Page) => page.getByRole('dialog').waitFor();

/** All that a member does but make a post. */
export function actsOf(places: Places): Act[] {
  return [...ofPeople(places), ...ofPosts(places), ...ofTalk(places), ...ofSettings()];
}

function ofPeople({ stir }: Places): Act[] {
  const { at, block } = { at: '/@ann', block: chooses(/^More about ann/, 'Block', 'Block') };
  return [
    { call: 'PUT /accounts/:/follow', at, act: press('Follow ann'), holds: shows('Follow ann') },
    {
      call: 'DELETE /accounts/:/follow',
      at: '/@bob',
      act: press('Following bob'),
      holds: shows('Following bob'),
    },
    { call: 'PUT /accounts/:/block', at, act: block, holds: shows('Follow ann') },
    { call: 'DELETE /accounts/:/block', at: '/@cat', act: press('Unblock cat'), holds: shows('Unblock cat') },
    {
      call: 'DELETE /accounts/:/follower',
      at: '/@bob',
      act: chooses(/^More about bob/, 'Remove follower'),
      holds: reads('Follows you'),
    },
    {
      call: 'PUT /follow-requests/:',
      at: '/requests',
      act: press('Accept dan'),
      holds: (page) => button(page, 'Accept dan').or(page.getByText('No longer open')).first().waitFor(),
    },
    {
      call: 'DELETE /follow-requests/:',
      at: '/requests',
      act: press('Decline dan'),
      holds: (page) => button(page, 'Decline dan').or(page.getByText('No longer open')).first().waitFor(),
    },
    {
      call: 'PUT /activity/seen',
      at: '/settings?section=appearance',
      begin: stir,
      act: async (page) => {
        await goTo(page, '/settings?section=appearance');
        await page.getByText('Dark', { exact: true }).waitFor();
        await goTo(page, '/activity');
      },
      holds: reads('news'),
    },
  ];
}

function ofPosts({ own, pinned, archived, failed, other }: Places): Act[] {
  const menu = (entry: string, confirm?: string) => chooses(POST_MENU, entry, confirm);
  const change = async (page: Page) => {
    await button(page, 'Edit photo').click();
    await page.getByRole('dialog').getByText('Silver', { exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  };
  return [
    { call: 'PATCH /posts/:', at: own, act: menu('Turn comments off'), holds: shows('Comment') },
    {
      call: 'PATCH /posts/:',
      at: `${own}/edit`,
      begin: fill('Caption'),
      act: press('Save'),
      holds: keeps('Caption'),
    },
    {
      call: 'PUT /posts/:/photos/:/edits',
      at: `${own}/edit`,
      begin: change,
      act: press('Save'),
      holds: shows('Save'),
    },
    { call: 'PUT /posts/:/pin', at: own, act: menu('Pin to profile'), holds: shows(POST_MENU) },
    { call: 'DELETE /posts/:/pin', at: pinned, act: menu('Unpin from profile'), holds: shows(POST_MENU) },
    { call: 'PUT /posts/:/archive', at: own, act: menu('Archive'), holds: shows('Comment') },
    { call: 'DELETE /posts/:/archive', at: archived, act: press('Bring back'), holds: shows('Bring back') },
    { call: 'DELETE /posts/:', at: own, act: menu('Delete post', 'Delete'), holds: asksStill },
    {
      call: 'DELETE /posts/:/people/me',
      at: other,
      act: menu('Remove me from this photo', 'Remove'),
      holds: asksStill,
    },
    {
      call: 'DELETE /posts/:/photos/:',
      at: failed,
      act: press('Leave out photo 2'),
      holds: shows('Leave out photo 2'),
    },
    {
      call: 'PUT /posts/:/photos/:',
      at: failed,
      act: (page) => page.getByLabel('Another photo instead of photo 2').setInputFiles(PHOTO),
      holds: shows('Choose another photo'),
    },
    {
      call: 'DELETE /drafts/:',
      at: '/drafts',
      act: async (page) => {
        const dialog = page.getByRole('dialog');
        if ((await dialog.count()) === 0) {
          await page.getByRole('button', { name: 'More about this draft' }).last().click();
          await page.getByRole('menuitem', { name: 'Delete draft' }).click();
        }
        await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
      },
      holds: asksStill,
    },
    {
      call: 'DELETE /drafts/:/schedule',
      at: '/drafts',
      act: chooses('More about this draft', 'Do not publish by itself'),
      holds: reads('Will be published'),
    },
  ];
}

function ofTalk({ other, liked }: Places): Act[] {
  const like = (page: Page) => page.getByRole('button', { name: 'Like', exact: true }).click();
  const [ofBob, ofMia] = ['Like the comment by bob', 'Like the comment by mia'];
  const waits = { isWaiting: true };
  return [
    { call: 'PUT /posts/:/like', at: other, act: like, holds: isPressed(/^Like$/, false), ...waits },
    { call: 'DELETE /posts/:/like', at: liked, act: like, holds: isPressed(/^Like$/, true), ...waits },
    { call: 'PUT /posts/:/save', at: other, act: press('Save'), holds: isPressed('Save', false), ...waits },
    { call: 'DELETE /posts/:/save', at: liked, act: press('Save'), holds: isPressed('Save', true), ...waits },
    { call: 'PUT /comments/:/like', at: liked, act: press(ofBob), holds: isPressed(ofBob, false), ...waits },
    {
      call: 'DELETE /comments/:/like',
      at: liked,
      act: press(ofMia),
      holds: isPressed(ofMia, true),
      ...waits,
    },
    {
      call: 'POST /posts/:/comments',
      at: liked,
      act: async (page) => {
        await fill('Add a comment')(page);
        await page.keyboard.press('Enter');
      },
      holds: keeps('Add a comment'),
      ...waits,
    },
    {
      call: 'DELETE /comments/:',
      at: liked,
      act: chooses('More about the comment by mia', 'Delete', 'Delete'),
      holds: reads('My comment'),
      // Somebody else was quicker.
      except: [404],
    },
  ];
}

function ofSettings(): Act[] {
  const at = (section: string) => `/settings?section=${section}`;
  const both = async (page: Page) => {
    await fill('Current password')(page);
    await fill('New password')(page);
  };
  return [
    { call: 'PATCH /me', at: at('profile'), begin: fill('Bio'), act: press('Save'), holds: keeps('Bio') },
    {
      call: 'PATCH /me',
      at: at('privacy'),
      act: (page) => page.getByRole('switch', { name: 'Private account' }).click(),
      holds: isTurned('Private account', true),
    },
    {
      call: 'PATCH /me',
      at: at('notifications'),
      act: (page) => page.getByRole('switch', { name: 'Likes' }).click(),
      holds: isTurned('Likes', true),
    },
    { call: 'DELETE /me/avatar', at: at('profile'), act: press('Remove'), holds: shows('Remove') },
    {
      call: 'PUT /me/avatar',
      at: at('profile'),
      begin: (page) => page.getByLabel('Profile picture').setInputFiles(PHOTO),
      act: press('Use this picture'),
      holds: shows('Use this picture'),
    },
    {
      call: 'PUT /me/password',
      at: at('account'),
      begin: both,
      act: press('Change password'),
      holds: keeps('Current password', 'New password'),
    },
    {
      call: 'POST /me/email-confirmation',
      at: at('account'),
      act: press('Send the link again'),
      holds: shows('Send the link again'),
    },
    {
      call: 'DELETE /sessions/:',
      at: at('sessions'),
      act: press(/^Sign out ./),
      holds: shows(/^Sign out ./),
    },
    { call: 'GET /me/export', at: at('data'), act: press('Download'), holds: shows('Download') },
    {
      call: 'DELETE /me',
      at: at('delete'),
      begin: fill('Your password, to be sure'),
      act: press('Delete my account'),
      holds: keeps('Your password, to be sure'),
    },
    { call: 'DELETE /sessions/current', at: '/settings', act: press('Sign out'), holds: shows('Sign out') },
  ];
}

const ACTS_OF_VISITORS: readonly Act[] = [
  {
    call: 'POST /sessions',
    at: '/sign-in',
    begin: async (page) => {
      await fill('Handle or e-mail address')(page);
      await fill('Password')(page);
    },
    act: press('Sign in'),
    holds: keeps('Handle or e-mail address', 'Password'),
  },
  {
    call: 'POST /accounts',
    at: '/sign-up',
    begin: async (page) => {
      await fill('Handle', 'new.one')(page);
      await fill('E-mail address', 'new@example.org')(page);
      await fill('Password')(page);
    },
    act: press('Sign up'),
    holds: keeps('Password'),
  },
  {
    call: 'POST /password-resets',
    at: '/reset',
    begin: fill('E-mail address', 'mia@example.org'),
    act: press('Send the link'),
    holds: shows('Send the link'),
  },
  {
    call: 'POST /password-resets/confirm',
    at: '/reset#a-token',
    begin: fill('New password'),
    act: press('Set the password'),
    holds: keeps('New password'),
  },
  {
    call: 'POST /email-confirmations',
    at: '/confirm#a-token',
    act: press('Confirm'),
    holds: shows('Confirm'),
  },
  {
    call: 'POST /setup',
    at: '/setup',
    isFirst: true,
    begin: async (page) => {
      await fill('Setup code')(page);
      await fill('Handle', 'new.one')(page);
      await fill('E-mail address', 'new@example.org')(page);
      await fill('Password')(page);
    },
    act: press('Make the first account'),
    holds: keeps('Setup code', 'Password'),
  },
];

export const VISITOR_ACTS = ACTS_OF_VISITORS.map((act) => ({ ...act, isVisitors: true }));
