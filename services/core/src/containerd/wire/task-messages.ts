/** Messages of containerd's own API about containers and what runs in them; every field may be absent, as in proto3. */
import type { Any, Mount, Timestamp } from "./containerd-messages.ts"

export interface OwnContainer {
  id?: string | undefined
  labels?: Record<string, string> | undefined
  image?: string | undefined
  runtime?: { name?: string | undefined; options?: Any | undefined } | undefined
  spec?: Any | undefined
  snapshotter?: string | undefined
  snapshotKey?: string | undefined
  createdAt?: Timestamp | undefined
  extensions?: Record<string, Any> | undefined
}
export interface CreateOwnContainerRequest {
  container?: OwnContainer | undefined
}
export interface ListOwnContainersRequest {
  filters?: string[] | undefined
}
export interface ListOwnContainersResponse {
  containers?: OwnContainer[] | undefined
}
export interface DeleteOwnContainerRequest {
  id?: string | undefined
}
export interface PrepareSnapshotRequest {
  snapshotter?: string | undefined
  key?: string | undefined
  parent?: string | undefined
  labels?: Record<string, string> | undefined
}
export interface UsageRequest {
  snapshotter?: string | undefined
  key?: string | undefined
}
export interface UsageResponse {
  size?: number | undefined
  inodes?: number | undefined
}
/** Paths of FIFOs; none where it is empty. */
export interface TaskStreams {
  stdin?: string | undefined
  stdout?: string | undefined
  stderr?: string | undefined
  terminal?: boolean | undefined
}
export interface CreateTaskRequest extends TaskStreams {
  containerId?: string | undefined
  rootfs?: Mount[] | undefined
}
export interface ExecProcessRequest extends TaskStreams {
  containerId?: string | undefined
  spec?: Any | undefined
  execId?: string | undefined
}
/** Of a task, or of one of its processes, where there is an `execId`. */
export interface TaskRequest {
  containerId?: string | undefined
  execId?: string | undefined
}
export interface StartTaskResponse {
  pid?: number | undefined
}
export interface DeleteTaskResponse {
  id?: string | undefined
  pid?: number | undefined
  exitStatus?: number | undefined
  exitedAt?: Timestamp | undefined
}
export interface KillRequest extends TaskRequest {
  signal?: number | undefined
  all?: boolean | undefined
}
export interface CloseIORequest extends TaskRequest {
  stdin?: boolean | undefined
}
export interface ResizePtyRequest extends TaskRequest {
  width?: number | undefined
  height?: number | undefined
}
export interface UpdateTaskRequest {
  containerId?: string | undefined
  resources?: Any | undefined
}
export interface WaitResponse {
  exitStatus?: number | undefined
  exitedAt?: Timestamp | undefined
}
export interface ListTasksResponse {
  tasks?: TaskProcess[] | undefined
}
export interface TaskProcess {
  containerId?: string | undefined
  id?: string | undefined
  pid?: number | undefined
  /** 1 created, 2 running, 3 stopped, 4 paused. */
  status?: number | undefined
  exitStatus?: number | undefined
  exitedAt?: Timestamp | undefined
}
