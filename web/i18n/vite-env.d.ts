declare module 'virtual:messages' {
  import type { Message } from '../../core/messages/format.ts';

  /** By language and area, as in `de/post`. */
  const loaders: Readonly<Record<string, () => Promise<{ default: Record<string, Message> }>>>;
  export default loaders;
}
