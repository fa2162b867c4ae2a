import type { OciRuntime } from "./config.ts"
import type { CallOptions, Link } from "./link.ts"
import { codec } from "./wire/codec.ts"
import type {
  Any,
  MountsResponse,
  SnapshotRequest,
  Timestamp,
  ViewSnapshotRequest,
} from "./wire/containerd-messages.ts"
import type * as Tasks from "./wire/task-messages.ts"

/** The calls of containerd's own API that make and end containers, by service and verb. */
export interface OwnCalls {
  "containers.Create": [Tasks.CreateOwnContainerRequest, Tasks.CreateOwnContainerRequest]
  "containers.List": [Tasks.ListOwnContainersRequest, Tasks.ListOwnContainersResponse]
  "containers.Delete": [Tasks.DeleteOwnContainerRequest, object]
  "snapshots.Prepare": [Tasks.PrepareSnapshotRequest, MountsResponse]
  "snapshots.View": [ViewSnapshotRequest, MountsResponse]
  "snapshots.Mounts": [SnapshotRequest, MountsResponse]
  "snapshots.Remove": [SnapshotRequest, object]
  "snapshots.Usage": [Tasks.UsageRequest, Tasks.UsageResponse]
  "tasks.Create": [Tasks.CreateTaskRequest, Tasks.StartTaskResponse]
  "tasks.Start": [Tasks.TaskRequest, Tasks.StartTaskResponse]
  "tasks.Delete": [Tasks.TaskRequest, Tasks.DeleteTaskResponse]
  "tasks.DeleteProcess": [Tasks.TaskRequest, Tasks.DeleteTaskResponse]
  "tasks.List": [object, Tasks.ListTasksResponse]
  "tasks.Kill": [Tasks.KillRequest, object]
  "tasks.Exec": [Tasks.ExecProcessRequest, object]
  "tasks.Update": [Tasks.UpdateTaskRequest, object]
  "tasks.CloseIO": [Tasks.CloseIORequest, object]
  "tasks.ResizePty": [Tasks.ResizePtyRequest, object]
  "tasks.Wait": [Tasks.TaskRequest, Tasks.WaitResponse]
}

export type OwnVerb = keyof OwnCalls

export interface OwnClient {
  call<Verb extends OwnVerb>(
    verb: Verb,
    request: OwnCalls[Verb][0],
    options?: Partial<CallOptions>,
  ): Promise<OwnCalls[Verb][1]>
}

const services = {
  containers: "containerd.services.containers.v1",
  snapshots: "containerd.services.snapshots.v1",
  tasks: "containerd.services.tasks.v1",
} as const
const serviceNames = { containers: "Containers", snapshots: "Snapshots", tasks: "Tasks" } as const

const nothing = "google.protobuf.Empty"
/** Names of the messages of a call, where they are not the verb's own. */
const messages: Readonly<Record<OwnVerb, readonly [string, string]>> = {
  "containers.Create": ["CreateContainerRequest", "CreateContainerResponse"],
  "containers.List": ["ListContainersRequest", "ListContainersResponse"],
  "containers.Delete": ["DeleteContainerRequest", nothing],
  "snapshots.Prepare": ["PrepareSnapshotRequest", "PrepareSnapshotResponse"],
  "snapshots.View": ["ViewSnapshotRequest", "ViewSnapshotResponse"],
  "snapshots.Mounts": ["MountsRequest", "MountsResponse"],
  "snapshots.Remove": ["RemoveSnapshotRequest", nothing],
  "snapshots.Usage": ["UsageRequest", "UsageResponse"],
  "tasks.Create": ["CreateTaskRequest", "CreateTaskResponse"],
  "tasks.Start": ["StartRequest", "StartResponse"],
  "tasks.Delete": ["DeleteTaskRequest", "DeleteResponse"],
  "tasks.DeleteProcess": ["DeleteProcessRequest", "DeleteResponse"],
  "tasks.List": ["ListTasksRequest", "ListTasksResponse"],
  "tasks.Kill": ["KillRequest", nothing],
  "tasks.Exec": ["ExecProcessRequest", nothing],
  "tasks.Update": ["UpdateTaskRequest", nothing],
  "tasks.CloseIO": ["CloseIORequest", nothing],
  "tasks.ResizePty": ["ResizePtyRequest", nothing],
  "tasks.Wait": ["WaitRequest", "WaitResponse"],
}

/** A shim and runc start meanwhile, which on a busy machine takes seconds. */
const deadlineMsDefault = 120_000

export function createOwnClient(link: Link): OwnClient {
  const known = new Map<OwnVerb, ReturnType<typeof codecsOf>>()
  return {
    call: (verb, request, options) => {
      let codecs = known.get(verb)
      if (!codecs) {
        codecs = codecsOf(verb)
        known.set(verb, codecs)
      }
      const { service, name } = partsOf(verb)
      const method = `/${services[service]}.${serviceNames[service]}/${name}`
      const deadlineMs = options?.deadlineMs ?? deadlineMsDefault
      return link.unary(method, codecs, request, { deadlineMs, signal: options?.signal })
    },
  }
}

function partsOf(verb: OwnVerb): { service: keyof typeof services; name: string } {
  const [service, name] = verb.split(".") as [keyof typeof services, string]
  return { service, name }
}

function codecsOf(verb: OwnVerb) {
  const [request, response] = messages[verb].map((message) =>
    message === nothing ? message : `${services[partsOf(verb).service]}.${message}`,
  ) as [string, string]
  return { request: codec<object>(request), response: codec<object>(response) }
}

/** Messages that containerd takes as JSON, of the OCI runtime specification. */
export function ociMessage(kind: "Spec" | "Process" | "LinuxResources", value: object): Any {
  return { typeUrl: `types.containerd.io/opencontainers/runtime-spec/1/${kind}`, value: jsonBytes(value) }
}

/** A note of ours on a container, which containerd keeps and does not look into. */
export function note(kind: string, value: object): Any {
  return { typeUrl: kind, value: jsonBytes(value) }
}

export function noted<T>({ value }: Any): T {
  return JSON.parse(Buffer.from(value ?? []).toString()) as T
}

/** Which program the shim calls. */
export function shimOptions({ binary, state }: OciRuntime): Any {
  const options = codec<{ binaryName: string; root: string }>("containerd.runc.v1.Options")
  return { typeUrl: "containerd.runc.v1.Options", value: options.encode({ binaryName: binary, root: state }) }
}

export function timeOf(timestamp: Timestamp | undefined): number {
  return (timestamp?.seconds ?? 0) * 1_000 + Math.floor((timestamp?.nanos ?? 0) / 1e6)
}

function jsonBytes(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}
