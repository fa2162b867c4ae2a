import { noted, type OwnContainer, timeOf } from "#containerd"
import type { ContainerRecord } from "../runtime.ts"

/** Under this name containerd keeps what we note on a container; a new kubelet finds it by that. */
export const noteName = "wick.dev/container"
/** Containers of one Wick in a containerd that others use too. */
export const ownerLabel = "wick.dev/instance"

/** What of a container no call of containerd tells. */
export interface ContainerNote {
  readonly sandboxId: string
  readonly podUid: string
  readonly name: string
  readonly attempt: number
  readonly image: string
  readonly imageId: string
  readonly logPath: string
  readonly annotations: Readonly<Record<string, string>>
  readonly stopSignal: number
  readonly tty: boolean
  /** Whether it reads, and whether its input ends with the first who has written. */
  readonly stdin: "none" | "open" | "once"
  readonly cgroup: string
  /** The machine's processes, or the pod's, are not ended with its first one. */
  readonly sharesProcesses: boolean
  /** What its commands run as beside it. */
  readonly process: object
}

/** When a container was started, by our clock; nobody else tells it of one that has ended. */
export interface ContainerStart {
  readonly atMs: number
}

/** How a container has ended; kept in a file until the container is removed, since its task is not. */
export interface ContainerEnd {
  readonly exitCode: number
  readonly atMs: number
  readonly reason: string
  readonly message?: string
}

export function createdRecord(id: string, note: ContainerNote, createdAtMs: number): ContainerRecord {
  const { sandboxId, podUid, name, attempt, image, imageId, logPath, annotations } = note
  return {
    ...{ id, sandboxId, podUid, name, attempt, image, imageId, logPath, annotations, createdAtMs },
    state: "created",
  }
}

export function exitedRecord(
  record: ContainerRecord,
  { exitCode, atMs, reason, message }: ContainerEnd,
): ContainerRecord {
  return { ...record, state: "exited", exitCode, finishedAtMs: atMs, reason, ...(message !== undefined && { message }) }
}

/** Undefined for a container that another has made. */
export function noteOf({ extensions }: OwnContainer): ContainerNote | undefined {
  const found = extensions?.[noteName]
  return found && noted<ContainerNote>(found)
}

export function createdAtOf({ createdAt }: OwnContainer): number {
  return timeOf(createdAt)
}
