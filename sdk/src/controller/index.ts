/**
 * What controllers are made of: informers (a live local copy of a kind), a work queue and a level-based reconcile
 * loop over it, leader election, events and finalizers.
 *
 *     const informers = createInformers(client, clock, log)
 *     const pods = informers(Pod, { indexes: { byNode: (pod) => [pod.spec.nodeName ?? ""] } })
 *     await using controller = createController({
 *       name: "node", clock, log,
 *       watches: [watchOf(pods, (change) => [subject(change).spec.nodeName ?? ""])],
 *       reconcile: async (node, signal) => { …; return done },
 *     })
 *
 * Objects that an informer gives are shared: copy before changing. Anyone may import this.
 */
export type { IndexFunction } from "./cache.ts"
export { compareVersions } from "./cache.ts"
export type { Controller, ControllerOptions, ControllerWatch } from "./create-controller.ts"
export { createController, watchOf } from "./create-controller.ts"
export type { InformerOptions } from "./create-informer.ts"
export { createInformer } from "./create-informer.ts"
export type { EventRecorder, EventRecorderOptions, EventSubject, Happening } from "./event-recorder.ts"
export { createEventRecorder } from "./event-recorder.ts"
export { addFinalizer, removeFinalizer } from "./finalizer.ts"
export { byField, byLabel, byNamespace, byOwner } from "./indexes.ts"
export type { Change, Informer } from "./informer.ts"
export { subject } from "./informer.ts"
export type { Informers } from "./informers.ts"
export { createInformers } from "./informers.ts"
export { keyOf, splitKey } from "./key.ts"
export type { FollowedLease, LeaderElectionOptions, LeaseDurations } from "./leader-election.ts"
export { electLeader, mandatedDurations } from "./leader-election.ts"
export type { LeadershipTerm } from "./leadership-term.ts"
export { fence, NotLeadingError, overOf } from "./leadership-term.ts"
export type { Sighting } from "./lease-claim.ts"
export { lendInformers } from "./lent-informers.ts"
export type { Mandate, MandateState } from "./mandate.ts"
export { aloneForever, sameMandate } from "./mandate.ts"
export type { Result } from "./result.ts"
export { done, soonest, TerminalError, wakeAfter } from "./result.ts"
export { LeaseShares, type LeaseSharesOptions } from "./shares/lease-shares.ts"
export { allShares, type Shares } from "./shares/shares.ts"
export { Untold } from "./untold.ts"
export { WorkQueue } from "./work-queue.ts"
