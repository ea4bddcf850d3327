/** Reads a stream of server-sent events, as a program would. */
import assert from 'node:assert/strict';
import { until } from './world.ts';

export type Told = { type: string; data: Record<string, unknown>; id: string };
export type EventReader = Awaited<ReturnType<typeof openReader>>;

export async function openReader(base: string, query: string, headers: Record<string, string>) {
  const giveUp = new AbortController();
  const response = await fetch(`${base}/api/v1/live${query}`, { headers, signal: giveUp.signal });
  const told: Told[] = [];
  let text = '';
  let isEnded = false;
  let reading: Promise<void> = Promise.resolve();
  if (response.status === 200 && response.body) reading = read(response.body);

  async function read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for await (const chunk of body) {
        const piece = decoder.decode(chunk, { stream: true });
        text += piece;
        const blocks = (rest + piece).split('\n\n');
        rest = blocks.pop() ?? '';
        told.push(...blocks.flatMap(parse));
      }
    } catch (error) {
      if (!giveUp.signal.aborted) text += `\nbroken: ${error}`;
    }
    isEnded = true;
  }

  return {
    status: response.status,
    headers: response.headers,
    body: response.status === 200 ? '' : await response.text(),
    told,
    text: () => text,
    isEnded: () => isEnded,
    of: (type: string) => told.filter((event) => event.type === type).map(({ data }) => data),
    lastId: () => told.at(-1)?.id ?? '',
    /** The first such event that is told, perhaps already. */
    waitFor: (type: string, isIt: (data: Record<string, unknown>) => boolean = () => true) =>
      until(
        async () => told.find((event) => event.type === type && isIt(event.data)) ?? null,
        `${type} is told; so far ${JSON.stringify(told)}`,
      ),
    ended: () => until(async () => (isEnded ? true : null), 'the stream ends'),
    async close() {
      giveUp.abort();
      await reading;
    },
  };
}

function parse(block: string): Told[] {
  const fields = new Map(
    block.split('\n').map((line) => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 2)]),
  );
  const [type, data, id] = [fields.get('event'), fields.get('data'), fields.get('id')];
  if (type === undefined) return [];
  assert.ok(data !== undefined && id !== undefined, block);
  return [{ type, data: JSON.parse(data), id }];
}
