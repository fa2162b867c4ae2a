/**
 * The API server: Kubernetes' API as one function from Request to Response, over the store's `Storage`. Built-in kinds
 * and custom resources take the same path: authorize, decode, default, admit, validate, store, encode.
 *
 * Invariants: an object is served as the bytes that are stored; a write that was answered is durable and every later
 * read and watch sees it; a mistake of the client is a Status with 4xx and changes nothing.
 *
 * May be imported by the compositions of core.
 */
export type { AdmissionAttributes, AdmissionStep } from "./admission/step.ts"
export { openAudit } from "./audit/index.ts"
export { openTrust, type TrustOptions } from "./authentication/trust.ts"
export type { UserInfo } from "./authentication/user.ts"
export { bootstrapObjects, ensureBootstrapObjects, identities } from "./bootstrap/index.ts"
export { ConfigurationError } from "./configuration-error.ts"
export { type ApiServer, type ApiServerOptions, createApiServer } from "./create-api-server.ts"
export { type EncryptedStorage, keysInStore, openEncryptedStorage, type SharedKeys } from "./encryption/index.ts"
export type { HealthCheck } from "./health.ts"
export { lightRequest } from "./light-request.ts"
export { type Listener, type ListenOptions, listen, type Peer } from "./listen/index.ts"
export type { NodeConnection, NodeProxy } from "./node-proxy.ts"
export { remoteNodes } from "./remote-node.ts"
export { targetOf } from "./request-target.ts"
export { errorResponse } from "./respond.ts"
export { createSecurity, type Guard, type Guarded, type Security, type SecurityOptions } from "./security.ts"
export type { VirtualRequest, VirtualResource } from "./virtual-resource.ts"
