/**
 * The data plane: gateway and buffer in one, the only hop between a client and a container. Host and tag lead to a
 * revision by weight, the revision to its least-loaded ready pod; while there is none, requests wait in line and the
 * autoscaler is poked. Invariants: no more than containerConcurrency requests are in a pod, whichever activators they came
 * to (`peers/`); a pod with a deletionTimestamp gets no new request; a request is repeated only if no byte of it was sent,
 * or, once, if it is of a safe method without a body and its kept connection ended under it.
 *
 * Imports `@wick/sdk` only. Imported by the all-in-one process's tests and by load tests; in production it runs as a
 * process of its own (`main.ts`).
 */
export type { Activator, ActivatorOptions, Endpoint } from "./activator.ts"
export { startActivator } from "./activator.ts"
