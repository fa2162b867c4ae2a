/** Messages of CRI v1 about what containers use, as far as they are used; every field may be absent, as in proto3. */
export interface ContainerStats {
  attributes?: { id?: string | undefined } | undefined
  cpu?: CpuUsage | undefined
  memory?: MemoryUsage | undefined
  writableLayer?: FilesystemUsage | undefined
}
/** Times are in nanoseconds. */
interface CpuUsage {
  timestamp?: number | undefined
  usageCoreNanoSeconds?: UInt64Value | undefined
}
interface FilesystemUsage {
  timestamp?: number | undefined
  usedBytes?: UInt64Value | undefined
  inodesUsed?: UInt64Value | undefined
}
export interface ListContainerStatsRequest {
  filter?: { labelSelector?: Record<string, string> | undefined } | undefined
}
export interface ListContainerStatsResponse {
  stats?: ContainerStats[] | undefined
}
interface MemoryUsage {
  timestamp?: number | undefined
  workingSetBytes?: UInt64Value | undefined
  usageBytes?: UInt64Value | undefined
  rssBytes?: UInt64Value | undefined
}
interface UInt64Value {
  value?: number | undefined
}
