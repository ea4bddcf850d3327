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

export function loadPagesAhead(): void {
  const whenIdle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 1_500));
  whenIdle(() => {
    for (const load of loaders) load();
  });
}
