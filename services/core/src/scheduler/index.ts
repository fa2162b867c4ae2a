/**
 * Gives every pod a node. `schedule` is a pure function of the pod's needs and a snapshot of the cluster, made of one
 * small plugin per rule; the rest keeps the snapshot up to date, writes bindings and says why a pod waits.
 *
 * Invariants: a node is never given more than it has, also while bindings are still on their way; a pod that has no
 * room is looked at again when something became free, never by polling. Imported by core's composition only.
 */
export type { SchedulerOptions } from "./start-scheduler.ts"
export { startScheduler } from "./start-scheduler.ts"
