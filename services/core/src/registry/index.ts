/**
 * A registry of images on this machine: enough of the OCI distribution specification 1.1 that skopeo, docker, buildah and
 * `wick build` push to it and containerd pulls from it. Blobs are files named by their digest.
 *
 * Invariants: what is served under a digest has that digest; a manifest is served only when everything that it names is
 * there; an upload that was not finished is never served. Imports nothing of core; imported by core's composition.
 */
export type { OtherRegistry } from "./other-registries.ts"
export { type Registry, type RegistryOptions, startRegistry } from "./start-registry.ts"
