import { choice } from "./reading.ts"
import { defineMap, type Setting, setting, type ValuesOf } from "./setting.ts"

/** Enabled: on for all. Allowed: whoever asks for it gets it. Disabled: refused or left out. */
export type Flag = "Enabled" | "Allowed" | "Disabled"

const refusal = (given: string): string =>
  `invalid value ${JSON.stringify(given)}: must be one of "Enabled", "Allowed", "Disabled"`
const flagReading = choice<Flag>(["Enabled", "Allowed", "Disabled"], refusal)

function flag(fallback: Flag, description: string): Setting<Flag> {
  return { ...setting(flagReading, fallback, description), example: fallback.toLowerCase() }
}

const field = (name: string, description: string): Setting<Flag> =>
  flag("Disabled", `Whether revisions may set ${name}: ${description}`)

const settings = {
  "multi-container": flag("Enabled", "Whether a revision may have several containers, one of them with a port."),
  "multi-container-probing": flag(
    "Disabled",
    "Whether containers without the port may have probes too, and probes may ask ports of their own.",
  ),
  "autodetect-http2": flag("Disabled", "Whether HTTP/2 without TLS is tried where the port's name does not say h2c."),
  "tag-header-based-routing": flag(
    "Disabled",
    "Whether the request header Knative-Serving-Tag chooses among the tags of a route.",
  ),
  "secure-pod-defaults": setting(
    choice(
      ["Enabled", "AllowRootBounded", "Disabled"],
      (given) => `invalid value ${JSON.stringify(given)}: must be one of "Enabled", "AllowRootBounded", "Disabled"`,
    ),
    "Disabled",
    "Whether containers that do not say get a safe securityContext: no capabilities, no more privileges, the runtime's seccomp profile, and (Enabled only) no root. Disabled: those who do not say are warned.",
  ),
  "containerspec-addcapabilities": field("securityContext.capabilities.add", "powers of root, one by one."),
  "podspec-affinity": field("affinity", "near what, and away from what, pods run."),
  "podspec-topologyspreadconstraints": field("topologySpreadConstraints", "how evenly pods spread."),
  "podspec-hostaliases": field("hostAliases", "lines of /etc/hosts."),
  "podspec-nodeselector": field("nodeSelector", "labels of the nodes that pods may run on."),
  "podspec-tolerations": field("tolerations", "taints of nodes that do not keep pods away."),
  "podspec-fieldref": field("valueFrom.fieldRef and resourceFieldRef", "variables made of the pod's own fields."),
  "podspec-runtimeclassname": field("runtimeClassName", "another runtime, for instance one in a virtual machine."),
  "podspec-dnspolicy": field("dnsPolicy", "whose names pods look up."),
  "podspec-dnsconfig": field("dnsConfig", "name servers and searched domains of their own."),
  "podspec-securitycontext": field(
    "securityContext of the pod",
    "users, groups and seccomp profile; the rest of it is refused whatever this says.",
  ),
  "podspec-shareprocessnamespace": field("shareProcessNamespace", "containers of a pod see each other's processes."),
  "podspec-hostipc": field("hostIPC", "the node's shared memory."),
  "podspec-hostpid": field("hostPID", "the node's processes."),
  "podspec-hostnetwork": field("hostNetwork", "the node's network instead of one of their own."),
  "podspec-priorityclassname": field("priorityClassName", "which pods go first, and which must yield."),
  "podspec-schedulername": field("schedulerName", "another scheduler."),
  "podspec-init-containers": field("initContainers", "containers that run before the others."),
  "podspec-volumes-emptydir": flag("Enabled", "Whether revisions may mount emptyDir volumes: scratch room of a pod."),
  "podspec-persistent-volume-claim": field("persistentVolumeClaim volumes", "storage that outlives pods."),
  "podspec-persistent-volume-write": field(
    "persistentVolumeClaim volumes without readOnly",
    "writing to storage that outlives pods.",
  ),
  "podspec-volumes-image": field("image volumes", "files out of an image."),
  "podspec-volumes-hostpath": field("hostPath volumes", "files of the node."),
  "podspec-volumes-ephemeral": field("ephemeral volumes", "storage that is claimed for a pod and goes with it."),
  "podspec-volumes-csi": field("csi volumes", "storage of a driver."),
  "podspec-volumes-mount-propagation": field("mountPropagation", "mounts that pass between container and node."),
  "podspec-dryrun": flag(
    "Allowed",
    'Whether a pod is tried out by the API server before a service is taken. Allowed: for services with the annotation "features.knative.dev/podspec-dryrun": "enabled", and for dry runs.',
  ),
  "queueproxy.mount-podinfo": flag("Disabled", "There is no sidecar in a pod of Wick, so this is without effect."),
  "queueproxy.resource-defaults": flag("Disabled", "There is no sidecar in a pod of Wick, so this is without effect."),
} as const

/** Flags of fields of Kubernetes are written with this before them. */
const kubernetes = "kubernetes."
const isOfKubernetes = (name: string): boolean => name.startsWith("podspec-") || name.startsWith("containerspec-")

type Named<Name extends string> = Name extends `podspec-${string}` | `containerspec-${string}`
  ? `kubernetes.${Name}`
  : Name
type Keyed = { [Name in keyof typeof settings as Named<Name>]: (typeof settings)[Name] }

const keyed = Object.fromEntries(
  Object.entries(settings).map(([name, given]) => [isOfKubernetes(name) ? kubernetes + name : name, given]),
) as unknown as Keyed

/** What is offered beyond the plain case, each by a flag. */
export const featuresMap = defineMap("config-features", "What is offered beyond the plain case, each by a flag.", keyed)

/** A flag's name; those of Kubernetes' fields without `kubernetes.` before them. */
export type FeatureName = Exclude<keyof typeof settings, "secure-pod-defaults">

export interface Features extends ValuesOf<Keyed> {
  /** The flag itself. */
  readonly of: (name: FeatureName) => Flag
  /** Whether it is on for all. */
  readonly enables: (name: FeatureName) => boolean
  /** Whether whoever asks for it gets it: enabled or allowed. */
  readonly permits: (name: FeatureName) => boolean
}

/** The flags with what is asked of them. */
export function features(values: ValuesOf<Keyed>): Features {
  const of = (name: FeatureName): Flag =>
    (values as Readonly<Record<string, Flag>>)[isOfKubernetes(name) ? kubernetes + name : name] ?? "Disabled"
  return { ...values, of, enables: (name) => of(name) === "Enabled", permits: (name) => of(name) !== "Disabled" }
}
