/**
 * How many pods a revision should have. Activators stream what load they see; a pure decider (windows, panic, bounds,
 * the way to zero and back) turns it into a number, which is written through the Deployment's scale subresource.
 * Invariants: silence means no load only while an activator is connected; nothing is scaled in before load was watched
 * for a whole stable window; when everything is idle, nothing runs.
 *
 * Imports `@wick/sdk` only. Imported by the all-in-one process.
 */
export type { MetricsExposure } from "./custom-metrics/metrics-api.ts"
export type { AutoscalerOptions } from "./start-autoscaler.ts"
export { startAutoscaler } from "./start-autoscaler.ts"
