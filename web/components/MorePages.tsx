import { sentenceOf } from '../api/client.ts';
import type { PagesQuery } from '../api/pages.ts';
import { LoadMore } from '../ui/LoadMore.tsx';
import { PartialNotice } from './PartialNotice.tsx';

type MorePagesProps = {
  pages: Pick<
    PagesQuery<unknown>,
    | 'items'
    | 'hasNextPage'
    | 'isFetchingNextPage'
    | 'isFetchNextPageError'
    | 'error'
    | 'fetchNextPage'
    | 'isPartial'
    | 'isFetching'
    | 'refetch'
  >;
};

/** The end of a list. A new one after each page: the old one would be seen to jump away below. */
export function MorePages({ pages }: MorePagesProps) {
  return (
    <>
      <LoadMore
        key={pages.items.length}
        hasMore={pages.hasNextPage}
        isLoading={pages.isFetchingNextPage}
        error={pages.isFetchNextPageError ? sentenceOf(pages.error) : null}
        onMore={pages.fetchNextPage}
      />
      {!pages.hasNextPage && <PartialNotice pages={pages} />}
    </>
  );
}
