/**
 * Typed access to any Kubernetes-compatible API over one `fetch`.
 *
 * In process: `createClient({ fetch: apiserver.fetchAs(user) })`, no socket. Elsewhere:
 * `const { fetch } = await clusterFetch(config, clock); createClient({ fetch, baseUrl: config.server })`.
 * `parseKubeconfig` has a door of its own (`@wick/sdk/kubeconfig`), since it brings a YAML parser.
 * A no of the server is thrown as `StatusError`; retries, sign-in and tracing are wrappers of `fetch` (`compose`).
 * Anyone may import this.
 */
export type {
  Client,
  DeleteOptions,
  Fetch,
  GetOptions,
  JsonPatchOperation,
  ListOptions,
  PartialObject,
  Patch,
  PatchOptions,
  Reference,
  Selecting,
  Subresource,
  UpdateOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./client.ts"
export type { ClusterConfig, Material } from "./cluster-config.ts"
export { inClusterConfig } from "./cluster-config.ts"
export type { ClusterFetch, FindClusterOptions } from "./cluster-fetch.ts"
export { clusterFetch, findCluster, readMaterial } from "./cluster-fetch.ts"
export type { FetchWrapper, RetryOptions } from "./compose.ts"
export { bearerToken, compose, retry } from "./compose.ts"
export { type Connected, connect } from "./connect.ts"
export type { ClientOptions } from "./create-client.ts"
export { createClient, listPath, patchTypes, warningsOf, watchPath } from "./create-client.ts"
export { measured } from "./measured.ts"
export { listAll, pages } from "./pages.ts"
export { resourcePath } from "./path.ts"
export type { PodLogOptions } from "./pod-log.ts"
export { podLog, podLogLines } from "./pod-log.ts"
export type { PortConnection } from "./port-forward.ts"
export { forwardPort } from "./port-forward.ts"
export type { AttachOptions, ExecOptions, Ran, Session } from "./session.ts"
export { attach, exec, run } from "./session.ts"
export type { Held, SharedEvent, SharedList, SharedSink, SharedWatch } from "./shared-objects.ts"
export { asksForShared, SharedObject, sharedListAnswer, sharedWatchAnswer } from "./shared-objects.ts"
export { bind, decideCertificate, evict, getScale, requestToken, setScale } from "./subresources.ts"
export { readWatch, WatchDecoder } from "./watch-stream.ts"
export type { OpenWebSocket } from "./web-socket.ts"
