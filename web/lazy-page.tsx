import { type ComponentType, lazy, type ReactNode, useState } from 'react';

type Loaded<Props> = () => Promise<ComponentType<Props>>;

const loaders: (() => void)[] = [];

/**
 * A page whose code is loaded when it is first shown, or before, when the browser has nothing else to do: it is then
 * drawn at once, without the empty moment that React.lazy has even for code that is there.
 */
export function lazyPage<Props extends object>(load: Loaded<Props>): (props: Props) => ReactNode {
  let loaded: ComponentType<Props> | null = null;
  const start = async () => {
    loaded = await load();
    return { default: loaded };
  };
  const Lazy = lazy(start) as unknown as ComponentType<Props>;
  // A page that cannot be loaded ahead is tried again when it is opened, and says there what went wrong.
  loaders.push(() => void start().catch(() => undefined));
  // biome-ignore lint/correctness/noComponentHookFactories: called once per page, when the routes are made
  return function Page(props: Props) {
    const [Shown] = useState<ComponentType<Props>>(() => loaded ?? Lazy);
    return <Shown {...props} />;
  };
}

/** One after the other, each when there is nothing better to do. */
export function loadPagesAhead(): void {
  const whenIdle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 500));
  const next = (at: number) =>
    whenIdle(() => {
      loaders[at]?.();
      if (at < loaders.length) next(at + 1);
    });
  next(0);
}
