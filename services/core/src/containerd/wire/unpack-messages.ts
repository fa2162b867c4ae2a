/** Messages of what lays an image's layers on each other; every field may be absent, as in proto3. */
import type { Descriptor, Image, Mount, SnapshotInfo } from "./containerd-messages.ts"

export interface GetImageRequest {
  name?: string | undefined
}
export interface GetImageResponse {
  image?: Image | undefined
}
export interface ReadContentRequest {
  digest?: string | undefined
}
export interface ReadContentResponse {
  data?: Uint8Array | undefined
}
export interface UpdateContentRequest {
  info?: { digest?: string | undefined; labels?: Record<string, string> | undefined } | undefined
  updateMask?: { paths?: string[] | undefined } | undefined
}
export interface ApplyRequest {
  diff?: Descriptor | undefined
  mounts?: Mount[] | undefined
}
export interface ApplyResponse {
  applied?: Descriptor | undefined
}
export interface LeaseRequest {
  id?: string | undefined
  labels?: Record<string, string> | undefined
}
export interface CommitSnapshotRequest {
  snapshotter?: string | undefined
  /** Under which it is found from now on. */
  name?: string | undefined
  key?: string | undefined
}
export interface StatSnapshotResponse {
  info?: SnapshotInfo | undefined
}
