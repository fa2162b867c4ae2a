/** Messages of containerd's own API, as far as they are used; every field may be absent, as in proto3. */

export interface TaskExit {
  containerId?: string | undefined
  id?: string | undefined
  pid?: number | undefined
  exitStatus?: number | undefined
  exitedAt?: Timestamp | undefined
}
export interface TaskOOM {
  containerId?: string | undefined
}
export interface WriteContentRequest {
  action?: number | undefined
  ref?: string | undefined
  total?: number | undefined
  expected?: string | undefined
  offset?: number | undefined
  data?: Uint8Array | undefined
  labels?: Record<string, string> | undefined
}
export interface WriteContentResponse {
  action?: number | undefined
  startedAt?: Timestamp | undefined
  updatedAt?: Timestamp | undefined
  offset?: number | undefined
  total?: number | undefined
  digest?: string | undefined
}
export interface SubscribeRequest {
  filters?: string[] | undefined
}
export interface CreateImageRequest {
  image?: Image | undefined
}
export interface CreateImageResponse {
  image?: Image | undefined
}
export interface Image {
  name?: string | undefined
  labels?: Record<string, string> | undefined
  target?: Descriptor | undefined
  createdAt?: Timestamp | undefined
  updatedAt?: Timestamp | undefined
}
export interface Descriptor {
  mediaType?: string | undefined
  digest?: string | undefined
  size?: number | undefined
  annotations?: Record<string, string> | undefined
}
export interface Envelope {
  timestamp?: Timestamp | undefined
  namespace?: string | undefined
  topic?: string | undefined
  event?: Any | undefined
}
export interface Any {
  typeUrl?: string | undefined
  value?: Uint8Array | undefined
}
export interface Timestamp {
  seconds?: number | undefined
  nanos?: number | undefined
}
export interface Mount {
  type?: string | undefined
  source?: string | undefined
  target?: string | undefined
  options?: string[] | undefined
}
export interface ViewSnapshotRequest {
  snapshotter?: string | undefined
  key?: string | undefined
  parent?: string | undefined
  labels?: Record<string, string> | undefined
}
/** Of a snapshot that is there: what asks for its mounts, and what removes it. */
export interface SnapshotRequest {
  snapshotter?: string | undefined
  key?: string | undefined
}
export interface MountsResponse {
  mounts?: Mount[] | undefined
}
export interface ListSnapshotsRequest {
  snapshotter?: string | undefined
  filters?: string[] | undefined
}
export interface ListSnapshotsResponse {
  info?: SnapshotInfo[] | undefined
}
export interface SnapshotInfo {
  name?: string | undefined
  parent?: string | undefined
  labels?: Record<string, string> | undefined
}
