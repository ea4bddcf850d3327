import type { ReactNode } from 'react';
import type { PostCard } from '../../core/shapes.ts';
import type { PagesQuery } from '../api/pages.ts';
import { Spinner } from '../ui/Spinner.tsx';
import { LoadError } from './LoadError.tsx';
import { MorePages } from './MorePages.tsx';
import { PostGrid } from './PostGrid.tsx';

type SquarePagesProps = { pages: PagesQuery<PostCard>; empty: ReactNode; showsPins?: boolean };

/** A grid that grows page by page. A page may come without posts, since none on it can be shown, and not be the last. */
export function SquarePages({ pages, empty, showsPins }: SquarePagesProps) {
  if (pages.isPending) return <Spinner />;
  if (pages.isError && pages.items.length === 0)
    return <LoadError error={pages.error} onRetry={() => void pages.refetch()} />;
  const isEmpty = pages.items.length === 0 && !pages.hasNextPage && !pages.isPartial;
  return (
    <>
      {isEmpty ? empty : <PostGrid posts={pages.items} showsPins={showsPins} />}
      <MorePages pages={pages} />
    </>
  );
}
