/**
 * Where browsers report what the content security policy kept from running. Their extensions cause most of it; something
 * of ours, or a text of a member's, would be a defect: so it is counted, and written to the log.
 */
import { z } from 'zod';
import { Invalid } from '../errors.ts';
import { parseJson } from './json.ts';
import type { Routes } from './server.ts';

export const POLICY_REPORTS = '/api/v1/policy-reports';
const REPORT_MAX_BYTES = 16 * 1024;
const TEXT_MAX = 200;
const DIRECTIVES = ['script-src', 'style-src', 'img-src', 'connect-src', 'frame-src', 'form-action'];

const report = z.object({
  'csp-report': z.object({
    'effective-directive': z.string().optional(),
    'violated-directive': z.string().optional(),
    'blocked-uri': z.string().default(''),
    'document-uri': z.string().default(''),
    'source-file': z.string().default(''),
    'line-number': z.number().optional(),
  }),
});

export const policyReportRoutes: Routes = (server, app, limits) => {
  // In a scope of its own: reports have their own type of content, which nothing else may be sent with.
  server.register(async (scope) => {
    scope.addContentTypeParser(
      'application/csp-report',
      { parseAs: 'buffer', bodyLimit: REPORT_MAX_BYTES },
      async (_request: unknown, body: Buffer) => parseJson(body),
    );
    scope.post('/policy-reports', { schema: { hide: true } }, async (request, reply) => {
      await limits.policyReport(request);
      const { success, data } = report.safeParse(request.body);
      if (!success) throw new Invalid('invalid_request', 'This is no report of a content security policy.');
      const told = data['csp-report'];
      const directive = told['effective-directive'] ?? told['violated-directive'] ?? '';
      app.metrics.countPolicyReport(DIRECTIVES.find((each) => directive.startsWith(each)) ?? 'other');
      app.log.warn(
        {
          directive: directive.slice(0, TEXT_MAX),
          blocked: withoutQuery(told['blocked-uri']),
          page: withoutQuery(told['document-uri']),
          source: withoutQuery(told['source-file']),
          line: told['line-number'],
        },
        'a browser kept something from running on a page',
      );
      return reply.code(204).send();
    });
  });
};

/** What a member looked for is nobody's business, the log's neither. */
function withoutQuery(address: string): string {
  return (address.split(/[?#]/)[0] ?? '').slice(0, TEXT_MAX);
}
