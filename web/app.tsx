import { useQuery } from '@tanstack/react-query';
import { memo, type ReactNode, Suspense, useEffect, useLayoutEffect } from 'react';
import { Redirect, Route, Router, Switch, useLocation, useSearch } from 'wouter';
import { meQuery, useMe, useSetup } from './api/accounts.ts';
import { sentenceOf } from './api/client.ts';
import { Notices } from './components/Notices.tsx';
import { OfflineLine } from './components/OfflineLine.tsx';
import { Shell } from './components/Shell.tsx';
import { Shown } from './components/Shown.tsx';
import { t } from './i18n/text.ts';
import { LazyPage, loadPagesAhead, pageCode, pageThere } from './lazy-page.tsx';
import { useLive } from './live/use-live.ts';
import { aroundNav, useScrollPlace } from './navigation.ts';
import { FeedPage } from './pages/FeedPage.tsx';
import { NotFoundPage } from './pages/NotFoundPage.tsx';
import { SignInPage } from './pages/SignInPage.tsx';
import { WelcomePage } from './pages/WelcomePage.tsx';
import { type ProfileTab, pageOf, paths, patterns, safeReturn } from './paths.ts';

import { wantsFirstRun } from './state/first-run.ts';
import { setViewer } from './state/viewer.ts';
import { Button } from './ui/Button.tsx';
import { ErrorBoundary } from './ui/ErrorBoundary.tsx';
import { Spinner } from './ui/Spinner.tsx';

const welcomePage = pageThere(WelcomePage, ['entrance']);
const signInPage = pageThere(SignInPage, ['entrance']);
const signUpPage = pageCode(
  async () => (await import('./pages/SignUpPage.tsx')).SignUpPage,
  ['entrance', 'errors'],
);
const setupPage = pageCode(
  async () => (await import('./pages/SetupPage.tsx')).SetupPage,
  ['entrance', 'errors'],
);
const resetPage = pageCode(
  async () => (await import('./pages/ResetPage.tsx')).ResetPage,
  ['entrance', 'errors'],
);
const confirmPage = pageCode(
  async () => (await import('./pages/ConfirmPage.tsx')).ConfirmPage,
  ['entrance', 'errors'],
);
const postPage = pageCode(async () => (await import('./pages/PostPage.tsx')).PostPage, ['post', 'errors']);
const profilePage = pageCode(async () => (await import('./pages/ProfilePage.tsx')).ProfilePage, ['profile']);
const followsPage = pageCode(async () => (await import('./pages/FollowsPage.tsx')).FollowsPage, ['profile']);
const explorePage = pageCode(async () => (await import('./pages/ExplorePage.tsx')).ExplorePage, ['search']);
const hashtagPage = pageCode(async () => (await import('./pages/HashtagPage.tsx')).HashtagPage, ['search']);
const activityPage = pageCode(
  async () => (await import('./pages/ActivityPage.tsx')).ActivityPage,
  ['activity', 'profile'],
);
const requestsPage = pageCode(
  async () => (await import('./pages/RequestsPage.tsx')).RequestsPage,
  ['profile'],
);
const archivePage = pageCode(async () => (await import('./pages/ArchivePage.tsx')).ArchivePage, ['profile']);
const firstRunPage = pageCode(
  async () => (await import('./pages/FirstRunPage.tsx')).FirstRunPage,
  ['entrance', 'settings', 'errors'],
);
/** With the texts of the editor, which is then there without a network, too. */
const newPostPage = pageCode(
  async () => (await import('./pages/NewPostPage.tsx')).NewPostPage,
  ['composer', 'editor', 'filters', 'errors'],
);
const draftsPage = pageCode(
  async () => (await import('./pages/DraftsPage.tsx')).DraftsPage,
  ['composer', 'errors'],
);
const editPostPage = pageCode(
  async () => (await import('./pages/EditPostPage.tsx')).EditPostPage,
  ['composer', 'editor', 'filters', 'errors'],
);
const settingsPage = pageCode(
  async () => (await import('./pages/SettingsPage.tsx')).SettingsPage,
  ['settings', 'profile', 'errors'],
);

/** Not built into what members get. */
const styleguide = import.meta.env.DEV
  ? pageCode(
      async () => (await import('./styleguide/StyleguidePage.tsx')).StyleguidePage,
      ['profile', 'activity', 'post', 'composer', 'search', 'settings', 'errors'],
    )
  : null;

/** Where somebody probably goes next: the others cost a phone more than they save. */
const nextPages = {
  member: [postPage, profilePage, explorePage, activityPage, newPostPage],
  visitor: [signInPage, signUpPage, postPage, profilePage],
};

/** Those that the server draws too, besides the home page, which is there from the start. */
export const firstPages = { post: postPage, profile: profilePage };

/** `ssrPath`: on the server, the address of the page that is drawn. */
export function App({ ssrPath }: { ssrPath?: string }) {
  return (
    <ErrorBoundary>
      <Router aroundNav={aroundNav} ssrPath={ssrPath}>
        <OfflineLine />
        <Start />
        <Notices />
      </Router>
    </ErrorBoundary>
  );
}

/** Who is looking, and whether there is anybody at all yet: the first visitor makes the admin. */
function Start() {
  const me = useQuery(meQuery);
  const setup = useSetup(me.data === null);
  const [path] = useLocation();
  const hasStarted = me.data !== undefined;
  const viewerId = me.data?.id ?? null;
  const isSignedIn = viewerId !== null;
  const keepsOriginals = me.data?.keepsOriginals ?? false;
  useLive(viewerId);
  useEffect(() => {
    if (hasStarted) loadPagesAhead(isSignedIn ? nextPages.member : nextPages.visitor);
  }, [hasStarted, isSignedIn]);
  useLayoutEffect(
    () => setViewer(viewerId ? { accountId: viewerId, keepsOriginals } : null),
    [viewerId, keepsOriginals],
  );
  useEffect(() => {
    if (keepsOriginals) void import('./components/the-originals.ts').catch(() => undefined);
  }, [keepsOriginals]);

  if (me.data === undefined) {
    return me.error ? <CannotStart error={me.error} onRetry={() => void me.refetch()} /> : <Spinner isPage />;
  }
  if (setup.data?.needsAdmin && path !== paths.setup()) return <Redirect to={paths.setup()} replace />;
  return (
    <Shell me={me.data}>
      <Shown isSignedIn={isSignedIn}>
        <Page isSignedIn={isSignedIn} />
      </Shown>
    </Shell>
  );
}

/** Not drawn again when only what stands around it is. */
const Page = memo(function Page({ isSignedIn }: { isSignedIn: boolean }) {
  const [path] = useLocation();
  return (
    <ErrorBoundary key={pageOf(path)}>
      <Suspense fallback={<Spinner isPage />}>
        <Pages isSignedIn={isSignedIn} />
      </Suspense>
    </ErrorBoundary>
  );
});

function Pages({ isSignedIn }: { isSignedIn: boolean }) {
  useScrollPlace();
  const own = (page: ReactNode) => (isSignedIn ? page : <ToSignIn />);
  return (
    <Switch>
      <Route path={patterns.home}>
        {isSignedIn ? <FeedPage /> : <LazyPage code={welcomePage} props={{}} />}
      </Route>
      <Route path={patterns.post}>
        {({ postId }) => <LazyPage key={postId} code={postPage} props={{ postId }} />}
      </Route>
      <Route path={patterns.editPost}>
        {({ postId }) => own(<LazyPage key={postId} code={editPostPage} props={{ postId }} />)}
      </Route>
      <Route path={patterns.followers}>
        {({ handle = '' }) => (
          <LazyPage key={handle} code={followsPage} props={{ handle, side: 'followers' }} />
        )}
      </Route>
      <Route path={patterns.following}>
        {({ handle = '' }) => (
          <LazyPage key={handle} code={followsPage} props={{ handle, side: 'following' }} />
        )}
      </Route>
      <Route path={patterns.profile}>
        {({ handle = '', tab = 'posts' }) => (
          <LazyPage key={handle} code={profilePage} props={{ handle, tab: tab as ProfileTab }} />
        )}
      </Route>
      <Route path={patterns.explore}>{own(<LazyPage code={explorePage} props={{}} />)}</Route>
      <Route path={patterns.hashtag}>
        {({ tag }) => own(<LazyPage key={tag} code={hashtagPage} props={{ tag }} />)}
      </Route>
      <Route path={patterns.activity}>{own(<LazyPage code={activityPage} props={{}} />)}</Route>
      <Route path={patterns.requests}>{own(<LazyPage code={requestsPage} props={{}} />)}</Route>
      <Route path={patterns.archive}>{own(<LazyPage code={archivePage} props={{}} />)}</Route>
      <Route path={patterns.firstRun}>{own(<LazyPage code={firstRunPage} props={{}} />)}</Route>
      <Route path={patterns.newPost}>{own(<LazyPage code={newPostPage} props={{}} />)}</Route>
      <Route path={patterns.drafts}>{own(<LazyPage code={draftsPage} props={{}} />)}</Route>
      <Route path={patterns.settings}>{own(<LazyPage code={settingsPage} props={{}} />)}</Route>
      <Route path={patterns.signIn}>
        {isSignedIn ? <ToReturn /> : <LazyPage code={signInPage} props={{}} />}
      </Route>
      <Route path={patterns.signUp}>
        {isSignedIn ? <ToFirstRun /> : <LazyPage code={signUpPage} props={{}} />}
      </Route>
      <Route path={patterns.setup}>
        <LazyPage code={setupPage} props={{}} />
      </Route>
      <Route path={patterns.reset}>
        <LazyPage code={resetPage} props={{}} />
      </Route>
      <Route path={patterns.confirm}>
        <LazyPage code={confirmPage} props={{}} />
      </Route>
      {styleguide && (
        <Route path="/styleguide">
          <LazyPage code={styleguide} props={{}} />
        </Route>
      )}
      <Route>
        <NotFoundPage />
      </Route>
    </Switch>
  );
}

function ToSignIn() {
  const [path] = useLocation();
  const search = useSearch();
  return <Redirect to={paths.signIn(search ? `${path}?${search}` : path)} replace />;
}

/** After signing in: back to the page that asked for it. */
function ToReturn() {
  return <Redirect to={safeReturn(new URLSearchParams(useSearch()).get('next'))} replace />;
}

/** After signing up: to the first steps, and from there to the page that asked for it. */
function ToFirstRun() {
  const me = useMe();
  const next = new URLSearchParams(useSearch()).get('next') ?? undefined;
  return me && wantsFirstRun(me) ? <Redirect to={paths.firstRun(undefined, next)} replace /> : <ToReturn />;
}

function CannotStart({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <div className="empty" role="alert">
      <h1>{t('common.cannotStart')}</h1>
      <p>{sentenceOf(error)}</p>
      <Button onClick={onRetry}>{t('common.tryAgain')}</Button>
    </div>
  );
}
