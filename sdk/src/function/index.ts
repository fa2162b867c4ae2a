/**
 * What a function's own code imports, and nothing more: it is loaded on the way of a cold start, so it takes only
 * `node:http`.
 *
 *     import { serve } from "@wick/sdk/function"
 *     await serve((request) => new Response("Hello"))
 *
 * Anyone may import this.
 */
export type { Answer } from "./send-answer.ts"
export type { Context, Handler, ServeOptions, Serving } from "./serve.ts"
export { serve } from "./serve.ts"
