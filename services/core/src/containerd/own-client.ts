import type { OciRuntime } from "./config.ts"
import type { CriClient } from "./cri-client.ts"
import type { Link } from "./link.ts"
import { type MethodClient, methodClient } from "./method-client.ts"
import { codec } from "./wire/codec.ts"
import type {
  Any,
  MountsResponse,
  SnapshotRequest,
  Timestamp,
  ViewSnapshotRequest,
} from "./wire/containerd-messages.ts"
import type * as Tasks from "./wire/task-messages.ts"
import type * as Unpack from "./wire/unpack-messages.ts"

/** The calls of containerd's own API that are made, by service and verb. */
export interface OwnCalls {
  "containers.Create": [Tasks.CreateOwnContainerRequest, Tasks.CreateOwnContainerRequest]
  "containers.List": [Tasks.ListOwnContainersRequest, Tasks.ListOwnContainersResponse]
  "containers.Delete": [Tasks.DeleteOwnContainerRequest, object]
  "content.Update": [Unpack.UpdateContentRequest, object]
  "diff.Apply": [Unpack.ApplyRequest, Unpack.ApplyResponse]
  "images.Get": [Unpack.GetImageRequest, Unpack.GetImageResponse]
  "leases.Create": [Unpack.LeaseRequest, object]
  "leases.Delete": [Unpack.LeaseRequest, object]
  "snapshots.Commit": [Unpack.CommitSnapshotRequest, object]
  "snapshots.Prepare": [Tasks.PrepareSnapshotRequest, MountsResponse]
  "snapshots.View": [ViewSnapshotRequest, MountsResponse]
  "snapshots.Mounts": [SnapshotRequest, MountsResponse]
  "snapshots.Remove": [SnapshotRequest, object]
  "snapshots.Stat": [SnapshotRequest, Unpack.StatSnapshotResponse]
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

type OwnVerb = keyof OwnCalls

export type OwnClient = MethodClient<OwnCalls>

/** The two APIs of one containerd. */
export interface ContainerdClients {
  readonly cri: CriClient
  /** Containers without CRI. */
  readonly own: OwnClient
}

const nothing = "google.protobuf.Empty"
/** Names of the messages of a call, where they are not the verb's own. */
const messages: Readonly<Record<OwnVerb, readonly [string, string]>> = {
  "containers.Create": ["CreateContainerRequest", "CreateContainerResponse"],
  "containers.List": ["ListContainersRequest", "ListContainersResponse"],
  "containers.Delete": ["DeleteContainerRequest", nothing],
  "content.Update": ["UpdateRequest", "UpdateResponse"],
  "diff.Apply": ["ApplyRequest", "ApplyResponse"],
  "images.Get": ["GetImageRequest", "GetImageResponse"],
  "leases.Create": ["CreateRequest", "CreateResponse"],
  "leases.Delete": ["DeleteRequest", nothing],
  "snapshots.Commit": ["CommitSnapshotRequest", nothing],
  "snapshots.Prepare": ["PrepareSnapshotRequest", "PrepareSnapshotResponse"],
  "snapshots.View": ["ViewSnapshotRequest", "ViewSnapshotResponse"],
  "snapshots.Mounts": ["MountsRequest", "MountsResponse"],
  "snapshots.Remove": ["RemoveSnapshotRequest", nothing],
  "snapshots.Stat": ["StatSnapshotRequest", "StatSnapshotResponse"],
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
  return methodClient<OwnCalls>(link, (verb) => {
    const [service = "", name = ""] = verb.split(".")
    const home = `containerd.services.${service}.v1`
    const [request, response] = messages[verb].map((message) =>
      message === nothing ? message : `${home}.${message}`,
    ) as [string, string]
    const path = `/${home}.${service.charAt(0).toUpperCase()}${service.slice(1)}/${name}`
    return { path, request, response, deadlineMs: deadlineMsDefault }
  })
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
