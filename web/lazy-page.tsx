import { type ComponentType, lazy, useState } from 'react';
import { type Area, hasMessages, loadMessages } from './i18n/messages.ts';

/** The code of a page and its messages: fetched when the page is first shown, or ahead, when the browser has nothing better to do. */
type PageCode<Props> = {
  readonly loaded: ComponentType<Props> | null;
  whenShown: ComponentType<Props>;
  load: () => Promise<unknown>;
};

type Ahead = { load: () => Promise<unknown> };

export function pageCode<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  areas: readonly Area[],
): PageCode<Props> {
  let loaded: ComponentType<Props> | null = null;
  const start = async () => {
    const [page] = await Promise.all([load(), loadMessages(areas)]);
    loaded = page;
    return { default: page };
  };
  return {
    get loaded() {
      return loaded;
    },
    whenShown: lazy(start) as unknown as ComponentType<Props>,
    load: start,
  };
}

/** A page whose code comes with the first screen's; its messages may still have to be fetched. */
export function pageThere<Props extends object>(
  page: ComponentType<Props>,
  areas: readonly Area[],
): PageCode<Props> {
  const start = async () => {
    await loadMessages(areas);
    return { default: page };
  };
  return {
    get loaded() {
      return hasMessages(areas) ? page : null;
    },
    whenShown: lazy(start) as unknown as ComponentType<Props>,
    load: start,
  };
}

/** Code that is there already is drawn at once, without the empty moment that React.lazy has even then. */
export function LazyPage<Props extends object>({
  code,
  props,
}: {
  code: PageCode<Props>;
  props: NoInfer<Props>;
}) {
  const [Shown] = useState<ComponentType<Props>>(() => code.loaded ?? code.whenShown);
  return <Shown {...props} />;
}

/** One after the other. A page that cannot be loaded now is tried again when it is opened, and says so there. */
export function loadPagesAhead(pages: readonly Ahead[]): void {
  const whenIdle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 500));
  const next = (at: number) =>
    whenIdle(() => {
      pages[at]?.load().catch(() => undefined);
      if (at < pages.length) next(at + 1);
    });
  whenIdle(() => void loadMessages(['errors']).catch(() => undefined));
  next(0);
}
