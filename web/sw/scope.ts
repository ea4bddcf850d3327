/** Written into the worker when it is built: see web/service-worker.ts. */
declare const SHELL: { version: string; assets: string[]; later: string[] };

export const scope = self as unknown as ServiceWorkerGlobalScope;
export const shell = SHELL;
