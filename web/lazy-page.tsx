import { type ComponentType, lazy, useState } from 'react';

/** The code of a page: fetched when the page is first shown, or ahead, when the browser has nothing better to do. */
type PageCode<Props> = { loaded: ComponentType<Props> | null; whenShown: ComponentType<Props> };

const loaders: (() => Promise<unknown>)[] = [];

export function pageCode<Props extends object>(load: () => Promise<ComponentType<Props>>): PageCode<Props> {
  const start = async () => {
    code.loaded = await load();
    return { default: code.loaded };
  };
  const code: PageCode<Props> = { loaded: null, whenShown: lazy(start) as unknown as ComponentType<Props> };
  loaders.push(start);
  return code;
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
export function loadPagesAhead(): void {
  const whenIdle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 500));
  const next = (at: number) =>
    whenIdle(() => {
      loaders[at]?.().catch(() => undefined);
      if (at < loaders.length) next(at + 1);
    });
  next(0);
}
