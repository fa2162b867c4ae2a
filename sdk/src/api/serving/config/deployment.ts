import { goDuration } from "./go-duration.ts"
import { bool, choice, duration, names, quantity, text } from "./reading.ts"
import { selectorsByName } from "./selector.ts"
import { defineMap, setting, unset } from "./setting.ts"

const sidecar = "There is no sidecar in a pod of Wick, so this is read, judged, and without effect: "

/** How a revision becomes a Deployment. Times are milliseconds. */
export const deploymentMap = defineMap(
  "config-deployment",
  "How a revision becomes a Deployment.",
  {
    "progress-deadline": setting(
      duration,
      "600s",
      "How long a revision may take to become ready before it has failed. Whole seconds.",
      "progressDeadline",
    ),
    "digest-resolution-timeout": setting(
      duration,
      "10s",
      "How long finding the digest of an image's tag may take.",
      "digestResolutionTimeout",
    ),
    "registries-skipping-tag-resolving": setting(
      names,
      "kind.local,ko.local,dev.local",
      "Registries whose tags are not resolved to digests.",
      "registriesSkippingTagResolving",
    ),
    "default-affinity-type": setting(
      choice(
        ["prefer-spread-revision-over-nodes", "none"],
        (given) => `unsupported default-affinity-type value: ${JSON.stringify(given)}`,
      ),
      "prefer-spread-revision-over-nodes",
      "Where pods would rather run when a revision does not say: prefer-spread-revision-over-nodes, or none.",
    ),
    "runtime-class-name": unset(
      selectorsByName,
      "kata:\n  selector:\n    use-kata: very-much\ngvisor: {}",
      "Runtime classes by name, each with the labels of the revisions that run under it; the most specific wins.",
    ),
    "pod-is-always-schedulable": setting(
      bool,
      "false",
      "Whether a pod that has no node yet is only waiting for one, as in clusters that add nodes by themselves.",
    ),
    "queue-sidecar-image": unset(text, "", `${sidecar}the image of the sidecar.`, "queueSidecarImage"),
    "queue-sidecar-cpu-request": setting(quantity, "25m", `${sidecar}its CPU request.`, "queueSidecarCPURequest"),
    "queue-sidecar-cpu-limit": unset(quantity, "1000m", `${sidecar}its CPU limit.`, "queueSidecarCPULimit"),
    "queue-sidecar-memory-request": unset(
      quantity,
      "400Mi",
      `${sidecar}its memory request.`,
      "queueSidecarMemoryRequest",
    ),
    "queue-sidecar-memory-limit": unset(quantity, "800Mi", `${sidecar}its memory limit.`, "queueSidecarMemoryLimit"),
    "queue-sidecar-ephemeral-storage-request": unset(
      quantity,
      "512Mi",
      `${sidecar}its local disk request.`,
      "queueSidecarEphemeralStorageRequest",
    ),
    "queue-sidecar-ephemeral-storage-limit": unset(
      quantity,
      "1024Mi",
      `${sidecar}its local disk limit.`,
      "queueSidecarEphemeralStorageLimit",
    ),
    "queue-sidecar-token-audiences": setting(names, "", `${sidecar}audiences of tokens for it.`),
    "queue-sidecar-rootca": unset(text, "", `${sidecar}a root certificate that it trusts.`),
  },
  (values) => {
    const deadline = values["progress-deadline"]
    const resolution = values["digest-resolution-timeout"]
    return [
      ...(deadline <= 0
        ? [`progress-deadline cannot be a non-positive duration, was ${goDuration(deadline)}`]
        : deadline % 1_000 !== 0
          ? [`progress-deadline must be rounded to a whole second, was: ${goDuration(deadline)}`]
          : []),
      ...(resolution <= 0
        ? [`digest-resolution-timeout cannot be a non-positive duration, was ${goDuration(resolution)}`]
        : []),
    ]
  },
)
