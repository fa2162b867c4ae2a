import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs"
import { mkdir, readdir, readFile, rm } from "node:fs/promises"
import type { Socket } from "node:net"
import { join } from "node:path"
import { Writable } from "node:stream"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { type Containerd, note, type OciRuntime, ociMessage, shimOptions, type TaskProcess, timeOf } from "#containerd"
import { goneIsNone } from "../refusal.ts"
import {
  type ContainerConfig,
  type ContainerRecord,
  type ImageViews,
  type MountConfig,
  type ProcessSession,
  RuntimeError,
} from "../runtime.ts"
import { type OwnCall, ownCalls, snapshotOf } from "./calls.ts"
import {
  type ContainerEnd,
  type ContainerNote,
  type ContainerStart,
  createdAtOf,
  createdRecord,
  exitedRecord,
  noteName,
  noteOf,
  ownerLabel,
} from "./container-note.ts"
import { writeEnd } from "./fifo-end.ts"
import type { FifoStock } from "./fifo-stock.ts"
import type { LogPump } from "./log-pump.ts"
import type { OciSpec } from "./oci.ts"
import { releaseVolumes, volumeDirectories } from "./volume-directories.ts"

export interface ContainersOptions {
  readonly containerd: Containerd
  /** In memory: holds what of containers the machine forgets with them when it is switched off. */
  readonly directory: string
  /** On a disk: what containers have said and nobody has read yet, and what they write where their image says VOLUME. */
  readonly diskDirectory: string
  readonly owner: string | undefined
  readonly views: ImageViews
  readonly fifos: FifoStock
  readonly logs: LogPump
  readonly clock: Clock
  readonly log: Log
  /** Told when a container has ended and its log is whole. */
  readonly onEnd: (id: string, end: ContainerEnd) => void
}

/** What is to become a container. */
export interface ContainerRequest {
  readonly config: ContainerConfig
  /** Paths of its image's VOLUMEs. */
  readonly volumes: readonly string[]
  /** Who makes it; undefined: whom containerd takes by itself. */
  readonly ociRuntime: OciRuntime | undefined
  /** How it is made, with directories of its own at these places. */
  draft(own: readonly MountConfig[]): Promise<ContainerDraft>
}

export interface ContainerDraft {
  readonly spec: OciSpec
  readonly chainId: string
  readonly note: ContainerNote
}

/** A container as it is now. */
interface Held {
  record: ContainerRecord
  readonly note: ContainerNote
  /** Resolves when it has ended; of one that runs only. */
  readonly ended: Promise<void>
  readonly end: () => void
  outOfMemory: boolean
  ending: boolean
  /** Held open, or the container would find the end of its input. */
  input: Socket | undefined
  pid: number
}

const idBytes = 32
const startFile = "start.json"
const endFile = "end.json"
const runtimeName = "io.containerd.runc.v2"
/** What a terminal said last comes right after its container's end, unless a process that outlives that has it open too. */
const terminalEndMsMax = 1_000
const taskCreated = 1
const taskStopped = 3
const killed = 9
/** What has ended without our seeing it. */
const unknownEnd = { exitCode: 255, reason: "Unknown" } as const

export function containerId(): string {
  return randomBytes(idBytes).toString("hex")
}

/** Containers in containerd's own words: a record, a snapshot that it keeps from the collector, and a task. */
export class Containers {
  readonly #options: ContainersOptions
  readonly #call: OwnCall
  readonly #held = new Map<string, Held>()

  constructor(options: ContainersOptions) {
    this.#options = options
    this.#call = ownCalls(options.containerd)
  }

  /** Finds what an earlier process has made, and goes on to read what it says. */
  async open(sandboxIds: ReadonlySet<string>): Promise<void> {
    const { owner, directory, diskDirectory } = this.#options
    for (const place of [directory, diskDirectory]) await mkdir(place, { recursive: true, mode: 0o700 })
    const filters = owner === undefined ? [] : [`labels."${ownerLabel}"==${JSON.stringify(owner)}`]
    const { containers = [] } = await this.#call("containers.List", { filters })
    const noted = containers.flatMap((found) => {
      const its = noteOf(found)
      return its && found.id ? [{ id: found.id, note: its, createdAtMs: createdAtOf(found) }] : []
    })
    for (const { id, note: its, createdAtMs } of noted) this.#hold(id, its, createdRecord(id, its, createdAtMs))
    const named = new Set((await Promise.all([directory, diskDirectory].map((place) => readdir(place)))).flat())
    for (const name of named) if (!this.#held.has(name)) await this.#forget(name)
    await Promise.all([...this.#held].map(([id, held]) => this.#readNotes(id, held)))
    const tasks = await this.#tasks()
    await Promise.all([...this.#held].map(([id, held]) => this.#adoptTask(id, held, tasks.get(id))))
    // Their pods' namespaces went with the machine's last start.
    for (const [id, { note: its }] of this.#held) if (!sandboxIds.has(its.sandboxId)) await this.remove(id)
  }

  list(): ContainerRecord[] {
    return [...this.#held.values()].map(({ record }) => record)
  }

  get(id: string): ContainerRecord | undefined {
    return this.#held.get(id)?.record
  }

  noteOf(id: string): ContainerNote | undefined {
    return this.#held.get(id)?.note
  }

  /** Its first process, while it runs. */
  pid(id: string): number | undefined {
    const held = this.#held.get(id)
    return held?.record.state === "running" && held.pid > 0 ? held.pid : undefined
  }

  /**
   * Makes `draft` of what the container has of its own, directories for its image's VOLUMEs. The record comes first: what
   * it names as its own, containerd's collector leaves alone from the beginning.
   */
  async create(id: string, { config, volumes, ociRuntime, draft }: ContainerRequest): Promise<void> {
    const { containerd, owner, fifos, views, clock } = this.#options
    const { snapshotter } = containerd
    const labels = owner === undefined ? {} : { [ownerLabel]: owner }
    const options = ociRuntime === undefined ? {} : { options: shimOptions(ociRuntime) }
    mkdirSync(this.#path(id), { mode: 0o700 })
    try {
      const own = await volumeDirectories(views, { id, config, paths: volumes, directory: this.#diskPath(id) })
      const { spec, chainId, note: its } = await draft(own)
      const { stdout, stderr, stdin } = this.#streams(id, its)
      await fifos.take([...(stderr === undefined ? [stdout] : []), ...(stdin === undefined ? [] : [stdin])])
      await this.#call("containers.Create", {
        container: {
          ...{ id, labels, image: config.image, snapshotter, snapshotKey: id },
          runtime: { name: runtimeName, ...options },
          spec: ociMessage("Spec", spec),
          extensions: { [noteName]: note(noteName, its) },
        },
      })
      await snapshotOf(containerd, config.imageId, "snapshots.Prepare", { snapshotter, key: id, parent: chainId })
      this.#hold(id, its, createdRecord(id, its, clock.now()))
    } catch (error) {
      await this.#forget(id)
      await this.#call("containers.Delete", { id }).catch(goneIsNone)
      throw error
    }
  }

  async start(id: string): Promise<void> {
    const held = this.#require(id)
    const { containerd, logs, clock } = this.#options
    const { snapshotter } = containerd
    const { stdout, stderr, stdin } = this.#streams(id, held.note)
    try {
      if (stdin !== undefined) held.input = writeEnd(stdin)
      const [{ mounts = [] }] = await Promise.all([
        this.#call("snapshots.Mounts", { snapshotter, key: id }),
        this.#openLog(id, held),
      ])
      const paths = { stdout, ...(stderr !== undefined && { stderr }), ...(stdin !== undefined && { stdin }) }
      const streams = { ...paths, terminal: held.note.tty }
      const { pid = 0 } = await this.#call("tasks.Create", { containerId: id, rootfs: mounts, ...streams })
      held.pid = pid
      await this.#call("tasks.Start", { containerId: id })
    } catch (error) {
      await this.#dropTask(id, held).catch(() => undefined)
      await logs.finish(id)
      const end = { exitCode: 128, atMs: clock.now(), reason: "StartError", message: (error as Error).message }
      this.#note(id, endFile, end)
      // Who asked for the start is told by the error, and why: a notice would be before it, without a word.
      this.#settle(held, end)
      throw error
    }
    const startedAtMs = clock.now()
    // It may have ended by now.
    if (held.record.state === "created") held.record = { ...held.record, state: "running", startedAtMs }
    this.#note(id, startFile, { atMs: startedAtMs })
  }

  /** Stop signal, then SIGKILL after the grace. Resolves when it has ended. */
  async stop(id: string, graceSeconds: number): Promise<void> {
    const held = this.#held.get(id)
    if (held?.record.state !== "running") return
    const { clock } = this.#options
    if (graceSeconds > 0) {
      await this.#signal(held, held.note.stopSignal)
      const inTime = await Promise.race([
        held.ended.then(() => true),
        clock.sleep(graceSeconds * 1_000).then(() => false),
      ])
      if (inTime) return
    }
    await this.#signal(held, killed)
    await held.ended
  }

  async remove(id: string): Promise<void> {
    if (!/^[0-9a-f]{64}$/.test(id)) return
    const { snapshotter } = this.#options.containerd
    await this.stop(id, 0)
    await this.#call("tasks.Delete", { containerId: id }).catch(goneIsNone)
    await this.#call("containers.Delete", { id }).catch(goneIsNone)
    await this.#call("snapshots.Remove", { snapshotter, key: id }).catch(goneIsNone)
    await this.#forget(id)
  }

  /** Containerd tells by itself who has ended; when it was away, it is asked. */
  async sync(): Promise<void> {
    const tasks = await this.#tasks()
    for (const [id, { record }] of this.#held) if (record.state === "running") await this.#endOf(id, tasks.get(id))
  }

  /** What containerd has told of a container's first process. */
  async exited(id: string, told: { exitCode: number; atMs: number; reason?: string }): Promise<void> {
    const held = this.#held.get(id)
    if (!held || held.ending || held.record.state === "exited") return
    held.ending = true
    const usual = told.exitCode === 0 ? "Completed" : "Error"
    const end = (): ContainerEnd => ({ ...told, reason: held.outOfMemory ? "OOMKilled" : (told.reason ?? usual) })
    const first = end()
    this.#note(id, endFile, first)
    await this.#deleteTask(id)
    await this.#logEnd(id, held)
    // That it was short of memory may have been told after its end.
    const last = end()
    if (last.reason !== first.reason) this.#note(id, endFile, last)
    this.#tellEnd(id, held, last)
  }

  /** Its files and its shim are given back; the shim has passed on all that was said by then. */
  async #deleteTask(id: string): Promise<void> {
    await this.#call("tasks.Delete", { containerId: id }).catch((error) => {
      if (error instanceof RuntimeError && error.kind === "not-found") return
      this.#options.log.debug("a task that has ended is not deleted", { container: id, error })
    })
  }

  async #logEnd(id: string, { note: its }: Held): Promise<void> {
    const { logs, clock } = this.#options
    if (its.tty) await Promise.race([logs.ended(id), clock.sleep(terminalEndMsMax)])
    else await logs.finish(id)
  }

  async #openLog(id: string, { note: its }: Held): Promise<void> {
    const { stdout, stderr } = this.#streams(id, its)
    await this.#options.logs.open({ id, logPath: its.logPath, stdout, stderr })
  }

  /** Of a container that has ended: an earlier process may not have read all that it said. */
  async #readRest(id: string, held: Held): Promise<void> {
    if (held.note.tty || !existsSync(this.#streams(id, held.note).stdout)) return
    await this.#openLog(id, held)
    await this.#options.logs.finish(id)
  }

  /** Joins a client with a container's own process. */
  async attach(id: string): Promise<ProcessSession> {
    const held = this.#require(id)
    const { tty, stdin } = held.note
    const { stdout, stderr, detach } = await this.#options.logs.attach(id)
    const { input } = held
    return {
      kind: "process",
      stdin: input && new Writable({ write: (chunk, _, done) => void input.write(chunk, done) }),
      stdout,
      stderr: tty ? undefined : stderr,
      ended: held.ended.then(() => undefined),
      resize: async (width, height) => void (await this.#call("tasks.ResizePty", { containerId: id, width, height })),
      close: async () => {
        detach()
        if (stdin !== "once" || !input || input.destroyed) return
        input.destroy()
        await this.#call("tasks.CloseIO", { containerId: id, stdin: true }).catch(goneIsNone)
      },
    }
  }

  /** Whether it is a container of ours that was short of memory. */
  ranOutOfMemory(id: string): boolean {
    const held = this.#held.get(id)
    if (held) held.outOfMemory = true
    return held !== undefined
  }

  async #tasks(): Promise<Map<string, TaskProcess>> {
    const { tasks = [] } = await this.#call("tasks.List", {})
    return new Map(tasks.map((task) => [task.containerId || (task.id ?? ""), task]))
  }

  async #endOf(id: string, task: TaskProcess | undefined): Promise<void> {
    if (task && task.status !== taskStopped) return
    if (task) await this.exited(id, { exitCode: task.exitStatus ?? 0, atMs: timeOf(task.exitedAt) })
    else await this.exited(id, { ...unknownEnd, atMs: this.#options.clock.now() })
  }

  async #readNotes(id: string, held: Held): Promise<void> {
    const start = await this.#read<ContainerStart>(id, startFile)
    if (start) held.record = { ...held.record, startedAtMs: start.atMs }
    const end = await this.#read<ContainerEnd>(id, endFile)
    if (!end) return
    await this.#readRest(id, held)
    held.record = exitedRecord(held.record, end)
  }

  async #adoptTask(id: string, held: Held, task: TaskProcess | undefined): Promise<void> {
    if (held.record.state !== "created" || !task) return
    if (task.status === taskStopped) {
      if (!held.note.tty) await this.#openLog(id, held)
      await this.#endOf(id, task)
    } else if (task.status === taskCreated) await this.#dropTask(id, held)
    else await this.#adopt(id, held, task.pid ?? 0)
  }

  /**
   * Of a start that was begun and not finished: it is begun anew, by whoever wants it, so its end is no news. Killed first,
   * since for the output of what still lives a shim waits two seconds.
   */
  async #dropTask(id: string, held: Held): Promise<void> {
    held.ending = true
    await this.#call("tasks.Kill", { containerId: id, signal: killed }).catch(() => undefined)
    await this.#call("tasks.Delete", { containerId: id }).catch(goneIsNone)
  }

  async #adopt(id: string, held: Held, pid: number): Promise<void> {
    held.pid = pid
    const startedAtMs = held.record.startedAtMs ?? (await this.#startedAt(pid)) ?? held.record.createdAtMs
    held.record = { ...held.record, state: "running", startedAtMs }
    const { stdin } = this.#streams(id, held.note)
    if (stdin !== undefined) held.input = writeEnd(stdin)
    await this.#openLog(id, held)
  }

  async #startedAt(pid: number): Promise<number | undefined> {
    const [stat, uptime] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""),
      readFile("/proc/uptime", "utf8"),
    ])
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]
    if (ticks === undefined) return undefined
    return this.#options.clock.now() - Number(uptime.split(" ")[0]) * 1_000 + (Number(ticks) * 1_000) / ticksPerSecond
  }

  /**
   * For the kubelet after this one; without a note it goes on all the same. In memory, as sandboxes keep theirs: to wait for a
   * thread would take longer.
   */
  #note(id: string, name: string, value: ContainerStart | ContainerEnd): void {
    const file = join(this.#path(id), name)
    try {
      writeFileSync(`${file}.new`, JSON.stringify(value))
      renameSync(`${file}.new`, file)
    } catch (error) {
      this.#options.log.warn("what has become of a container is not noted", { container: id, file: name, error })
    }
  }

  #tellEnd(id: string, held: Held, end: ContainerEnd): void {
    this.#settle(held, end)
    this.#options.onEnd(id, end)
  }

  #settle(held: Held, end: ContainerEnd): void {
    held.record = exitedRecord(held.record, end)
    held.input?.destroy()
    held.end()
  }

  async #read<Kept>(id: string, name: string): Promise<Kept | undefined> {
    const text = await readFile(join(this.#path(id), name), "utf8").catch(() => undefined)
    return text === undefined ? undefined : (JSON.parse(text) as Kept)
  }

  async #signal({ record, note: its }: Held, signal: number): Promise<void> {
    const all = signal === killed && its.sharesProcesses
    await this.#call("tasks.Kill", { containerId: record.id, signal, all }).catch(goneIsNone)
  }

  #hold(id: string, its: ContainerNote, record: ContainerRecord): void {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    this.#held.set(id, { record, note: its, ended, end, outOfMemory: false, ending: false, input: undefined, pid: 0 })
  }

  async #forget(id: string): Promise<void> {
    this.#held.delete(id)
    await releaseVolumes(this.#options.views, id, this.#diskPath(id))
    for (const place of [this.#path(id), this.#diskPath(id)]) await rm(place, { recursive: true, force: true })
  }

  #path(id: string): string {
    return join(this.#options.directory, id)
  }

  #diskPath(id: string): string {
    return join(this.#options.diskDirectory, id)
  }

  /** A shim appends to a file as well as it writes to a FIFO, and then waits for nobody. Of a terminal it can only do the latter. */
  #streams(id: string, { tty, stdin }: ContainerNote) {
    return {
      stdout: join(tty ? this.#path(id) : this.#diskPath(id), "stdout"),
      stderr: tty ? undefined : join(this.#diskPath(id), "stderr"),
      stdin: stdin === "none" ? undefined : join(this.#path(id), "stdin"),
    }
  }

  #require(id: string): Held {
    const held = this.#held.get(id)
    if (!held) throw new RuntimeError("not-found", `container ${id} not found`)
    return held
  }
}

/** `USER_HZ`, which is the same wherever Linux runs that has containers. */
const ticksPerSecond = 100
