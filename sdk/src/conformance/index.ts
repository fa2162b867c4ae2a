/**
 * What a Kubernetes API does, as tests that any cluster can be held against: each case states documented behaviour of
 * Kubernetes, in a namespace of its own, and leaves nothing behind.
 *
 *     import { describe, it } from "node:test"      // or from "vitest"
 *     const cluster = await clusterOf(parseKubeconfig(text), systemClock)
 *     declareConformance({ describe, it }, topics, () => cluster, { clock: systemClock, offers: [] })
 *
 * Tests and tools import this, no running service. It needs no test runner of its own.
 */
import { admission } from "./admission/index.ts"
import { api } from "./api/index.ts"
import { apply } from "./apply.ts"
import { auth } from "./auth/index.ts"
import { crd } from "./crd/index.ts"
import { patch } from "./patch.ts"
import { serving } from "./serving/index.ts"
import type { Topic } from "./topic.ts"
import { watch } from "./watch.ts"

export type { Cluster, FunctionHost, Identity, WebhookHost } from "./cluster.ts"
export { clusterOf } from "./cluster.ts"
export type { Runner } from "./declare.ts"
export { declareConformance } from "./declare.ts"
export type { Case, Need, Topic } from "./topic.ts"

/** What any Kubernetes does. */
export const topics: readonly Topic[] = [api, patch, apply, watch, crd, admission, auth]

export { servingFlags } from "./serving/flags.ts"
export { pushSpecimen } from "./serving/push-specimen.ts"
export { serving }
