/** The floor under a page: the same Node and Fastify, sending the same bytes from memory. */
import Fastify from 'fastify';

type Plan = { body: string; headers: Record<string, string> };

process.once('message', async ({ body, headers }: Plan) => {
  const server = Fastify();
  server.get('/api/v1/feed', async (_request, reply) => reply.headers(headers).send(body));
  const base = await server.listen({ host: '127.0.0.1', port: 0 });
  process.send?.({ port: Number(new URL(base).port) });
});
process.once('disconnect', () => process.exit());
