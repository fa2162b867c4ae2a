/**
 * What a user's program imports: write a function (`serve`), speak to the platform (`createClient`). Everything else
 * has a door of its own: `@wick/sdk/api`, `/client`, `/controller`, `/function`.
 */
export type { Client, ClientOptions } from "./client/index.ts"
export { clusterFetch, createClient, findCluster } from "./client/index.ts"
export type { Answer, Context, Handler, ServeOptions, Serving } from "./function/index.ts"
export { serve } from "./function/index.ts"
