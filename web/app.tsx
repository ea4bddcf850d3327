import { useQuery } from '@tanstack/react-query';
import { type ReactNode, Suspense, useEffect } from 'react';
import { Redirect, Route, Router, Switch, useLocation, useSearch } from 'wouter';
import { meQuery, useSetup } from './api/accounts.ts';
import { sentenceOf } from './api/client.ts';
import { Notices } from './components/Notices.tsx';
import { Shell } from './components/Shell.tsx';
import { lazyPage, loadPagesAhead } from './lazy-page.tsx';
import { aroundNav, useScrollPlace } from './navigation.ts';
import { FeedPage } from './pages/FeedPage.tsx';
import { NotFoundPage } from './pages/NotFoundPage.tsx';
import { SignInPage } from './pages/SignInPage.tsx';
import { WelcomePage } from './pages/WelcomePage.tsx';
import { paths, patterns, safeReturn } from './paths.ts';
import { Button } from './ui/Button.tsx';
import { ErrorBoundary } from './ui/ErrorBoundary.tsx';
import { Spinner } from './ui/Spinner.tsx';

type HandleProps = { handle: string };

const SignUpPage = lazyPage(async () => (await import('./pages/SignUpPage.tsx')).SignUpPage);
const SetupPage = lazyPage(async () => (await import('./pages/SetupPage.tsx')).SetupPage);
const ResetPage = lazyPage(async () => (await import('./pages/ResetPage.tsx')).ResetPage);
const ConfirmPage = lazyPage(async () => (await import('./pages/ConfirmPage.tsx')).ConfirmPage);
const PostPage = lazyPage<{ postId: string }>(async () => (await import('./pages/PostPage.tsx')).PostPage);
const ProfilePage = lazyPage<HandleProps>(async () => (await import('./pages/ProfilePage.tsx')).ProfilePage);
const FollowsPage = lazyPage<HandleProps & { side: 'followers' | 'following' }>(
  async () => (await import('./pages/FollowsPage.tsx')).FollowsPage,
);
const ExplorePage = lazyPage(async () => (await import('./pages/ExplorePage.tsx')).ExplorePage);
const HashtagPage = lazyPage<{ tag: string }>(
  async () => (await import('./pages/HashtagPage.tsx')).HashtagPage,
);
const ActivityPage = lazyPage(async () => (await import('./pages/ActivityPage.tsx')).ActivityPage);
const RequestsPage = lazyPage(async () => (await import('./pages/RequestsPage.tsx')).RequestsPage);
const NewPostPage = lazyPage(async () => (await import('./pages/NewPostPage.tsx')).NewPostPage);
const SettingsPage = lazyPage(async () => (await import('./pages/SettingsPage.tsx')).SettingsPage);

export function App() {
  return (
    <ErrorBoundary>
      <Router aroundNav={aroundNav}>
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
  useEffect(() => {
    if (hasStarted) loadPagesAhead();
  }, [hasStarted]);

  if (me.data === undefined) {
    return me.error ? <CannotStart error={me.error} onRetry={() => void me.refetch()} /> : <Spinner />;
  }
  if (setup.data?.needsAdmin && path !== paths.setup()) return <Redirect to={paths.setup()} replace />;
  return (
    <Shell me={me.data}>
      <ErrorBoundary key={path}>
        <Suspense fallback={<Spinner />}>
          <Pages isSignedIn={me.data !== null} />
        </Suspense>
      </ErrorBoundary>
    </Shell>
  );
}

function Pages({ isSignedIn }: { isSignedIn: boolean }) {
  const [path] = useLocation();
  useScrollPlace(path);
  const own = (page: ReactNode) => (isSignedIn ? page : <ToSignIn />);
  return (
    <Switch>
      <Route path={patterns.home}>{isSignedIn ? <FeedPage /> : <WelcomePage />}</Route>
      <Route path={patterns.post}>{({ postId }) => <PostPage key={postId} postId={postId} />}</Route>
      <Route path={patterns.followers}>
        {({ handle = '' }) => <FollowsPage key={handle} handle={handle} side="followers" />}
      </Route>
      <Route path={patterns.following}>
        {({ handle = '' }) => <FollowsPage key={handle} handle={handle} side="following" />}
      </Route>
      <Route path={patterns.profile}>
        {({ handle = '' }) => <ProfilePage key={handle} handle={handle} />}
      </Route>
      <Route path={patterns.explore}>{own(<ExplorePage />)}</Route>
      <Route path={patterns.hashtag}>{({ tag }) => own(<HashtagPage key={tag} tag={tag} />)}</Route>
      <Route path={patterns.activity}>{own(<ActivityPage />)}</Route>
      <Route path={patterns.requests}>{own(<RequestsPage />)}</Route>
      <Route path={patterns.newPost}>{own(<NewPostPage />)}</Route>
      <Route path={patterns.settings}>{own(<SettingsPage />)}</Route>
      <Route path={patterns.signIn}>{isSignedIn ? <ToReturn /> : <SignInPage />}</Route>
      <Route path={patterns.signUp}>{isSignedIn ? <ToReturn /> : <SignUpPage />}</Route>
      <Route path={patterns.setup}>
        <SetupPage />
      </Route>
      <Route path={patterns.reset}>
        <ResetPage />
      </Route>
      <Route path={patterns.confirm}>
        <ConfirmPage />
      </Route>
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

function CannotStart({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <div className="empty" role="alert">
      <h1>Pinhole cannot start</h1>
      <p>{sentenceOf(error)}</p>
      <Button onClick={onRetry}>Try again</Button>
    </div>
  );
}
