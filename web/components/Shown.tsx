import { createContext, type ReactNode, useContext, useDeferredValue, useLayoutEffect, useMemo } from 'react';
import { Router, useLocation, useSearch } from 'wouter';
import { navigate, useHistoryState } from 'wouter/use-browser-location';
import { aroundNav, keyOf, noteShown } from '../navigation.ts';

const Place = createContext({ path: '/', search: '' });

/**
 * The page follows the address a moment later: it is drawn in slices, between which touches and keys are heard, and is put in
 * the place of the one before when it is whole. What stands around it shows the new address at once.
 */
export function Shown({ isSignedIn, children }: { isSignedIn: boolean; children: ReactNode }) {
  const [path] = useLocation();
  const search = useSearch();
  const key = useDeferredValue(keyOf(useHistoryState()));
  const now = useMemo(() => ({ path, search, isSignedIn }), [path, search, isSignedIn]);
  const late = useDeferredValue(now);
  // Whoever has signed out sees no page of a member any more, and is sent away from none.
  const place = late.isSignedIn === isSignedIn ? late : now;
  useLayoutEffect(() => noteShown(key), [key]);
  return (
    <Place value={place}>
      <Router hook={useShownLocation} searchHook={useShownSearch} aroundNav={aroundNav}>
        {children}
      </Router>
    </Place>
  );
}

function useShownLocation(): [string, typeof navigate] {
  return [useContext(Place).path, navigate];
}

function useShownSearch(): string {
  return useContext(Place).search;
}
