import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import type { EventRecorder } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { HistogramCell } from "@wick/sdk/metrics"
import type { Tracing } from "@wick/sdk/tracing"
import type { PodPlace } from "../container/pod-field.ts"
import type { KnownServices } from "../container/service-env.ts"
import type { CsiVolumes } from "../csi/csi-volumes.ts"
import type { Images } from "../image/images.ts"
import type { ContainerRecord, DnsSettings, Runtime, SandboxRecord } from "../runtime/runtime.ts"
import type { ClaimedVolumes } from "../volume/claimed-volumes.ts"
import type { ObjectWatches } from "../volume/object-watches.ts"
import type { ClusterDns } from "./dns.ts"
import type { Slots } from "./slots.ts"

/** What all pods of a node share. */
export interface PodDeps {
  readonly runtime: Runtime
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  /** Starts of pods are traced with it. */
  readonly tracing?: Pick<Tracing, "tracer"> | undefined
  /** Seconds from the first sight of a pod until it runs. */
  readonly startSeconds: HistogramCell
  readonly events: EventRecorder
  readonly images: Images
  readonly watches: ObjectWatches
  readonly claims: ClaimedVolumes
  /** Volumes of drivers; undefined where nothing can be mounted. */
  readonly csi: CsiVolumes | undefined
  /** Bounds how many pods start at once. */
  readonly slots: Slots
  /** For environments. */
  readonly services: KnownServices
  readonly directories: Directories
  readonly cgroupParent: string
  readonly clusterDns: ClusterDns
  readonly hostDns: DnsSettings
  readonly nodeName: string
  readonly hostIp: string
  readonly allocatable: PodPlace["allocatable"]
  readonly memoryBytes: number
  /** A worker says which ids are its own, so that the runtime's events find it. */
  readonly claim: (record: SandboxRecord | ContainerRecord, uid: string) => void
  readonly disclaim: (id: string) => void
}

export interface Directories {
  /** `<pods>/<uid>`: volumes, hosts file, termination messages. */
  readonly pods: string
  /** `<volatile>/<uid>`: the same in memory. */
  readonly volatile: string
  /** `<logs>/<namespace>_<name>_<uid>/<container>/<attempt>.log` */
  readonly logs: string
  readonly seccomp: string
}
