import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { dirname, join } from "node:path"
import type { Clock } from "@wick/sdk/clock"
import { ProcessContainer } from "./process-container.ts"
import { processStats } from "./process-stats.ts"
import { noHandler } from "./refusal.ts"
import {
  type ContainerConfig,
  type ContainerRecord,
  type ContainerStats,
  type ExecResult,
  type ImageRecord,
  type Runtime,
  RuntimeError,
  type RuntimeNotice,
  type SandboxConfig,
  type SandboxRecord,
  type StreamTarget,
} from "./runtime.ts"

export interface ProcessRuntimeOptions {
  /** Remembers running processes here, to end those that a crash has left. */
  readonly directory: string
  readonly clock: Clock
}

const lacks =
  "pods are plain processes of this machine: no images (a container needs a command), no isolation, no resource limits, no mounts, no exec or port-forward, and they end with Wick"

/**
 * Runs pods as plain processes, for developing a function where there is neither root nor containerd. Each pod has an
 * address of its own in the loopback network.
 */
export async function processRuntime(options: ProcessRuntimeOptions): Promise<Runtime> {
  await mkdir(options.directory, { recursive: true })
  const runtime = new ProcessRuntime(options)
  runtime.endLeftovers()
  return runtime
}

class ProcessRuntime implements Runtime {
  readonly scheme = "process"
  readonly lacks = lacks
  readonly #options: ProcessRuntimeOptions
  readonly #sandboxes = new Map<string, SandboxRecord>()
  readonly #logDirectories = new Map<string, string>()
  readonly #containers = new Map<string, ProcessContainer>()
  readonly #listeners = new Set<(notice: RuntimeNotice) => void>()

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options
  }

  async version(): Promise<string> {
    return `process://${process.version.slice(1)}`
  }

  async list(): Promise<{ sandboxes: SandboxRecord[]; containers: ContainerRecord[] }> {
    return {
      sandboxes: [...this.#sandboxes.values()],
      containers: [...this.#containers.values()].map(({ record }) => record),
    }
  }

  async handlers(): Promise<readonly string[]> {
    return [""]
  }

  async runSandbox(config: SandboxConfig, handler: string): Promise<SandboxRecord> {
    if (handler !== "") throw noHandler(handler)
    const id = idOf(config.pod.uid, "sandbox", String(config.attempt))
    const record: SandboxRecord = {
      id,
      pod: config.pod,
      attempt: config.attempt,
      ready: true,
      createdAtMs: this.#options.clock.now(),
      ips: config.hostNetwork ? [] : [addressOf(id)],
    }
    this.#sandboxes.set(id, record)
    this.#logDirectories.set(id, config.logDirectory)
    return record
  }

  async stopSandbox(id: string): Promise<void> {
    const inside = [...this.#containers.values()].filter(({ record }) => record.sandboxId === id)
    await Promise.all(inside.map((container) => container.stop(0)))
    const sandbox = this.#sandboxes.get(id)
    if (sandbox) this.#sandboxes.set(id, { ...sandbox, ready: false })
  }

  async removeSandbox(id: string): Promise<void> {
    await this.stopSandbox(id)
    for (const { record } of this.#containers.values()) {
      if (record.sandboxId === id) this.#containers.delete(record.id)
    }
    this.#sandboxes.delete(id)
    this.#logDirectories.delete(id)
  }

  async createContainer(sandbox: SandboxRecord, config: ContainerConfig): Promise<string> {
    if (config.command.length === 0) {
      throw new RuntimeError("failed", "the process runtime has no images: give the container a command")
    }
    const id = idOf(config.pod.uid, config.name, String(config.attempt))
    const logPath = join(this.#logDirectories.get(sandbox.id) ?? this.#options.directory, config.logPath)
    await mkdir(dirname(logPath), { recursive: true })
    const onEnd = (exitCode: number, atMs: number): void => {
      this.#remember()
      this.#tell({ kind: "exited", id, exitCode, atMs })
    }
    this.#containers.set(id, new ProcessContainer({ id, sandbox, config, logPath, clock: this.#options.clock, onEnd }))
    return id
  }

  async startContainer(id: string): Promise<void> {
    await this.#require(id).start()
    this.#remember()
  }

  async container(id: string): Promise<ContainerRecord | undefined> {
    return this.#containers.get(id)?.record
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    await this.#containers.get(id)?.stop(graceSeconds)
  }

  async removeContainer(id: string): Promise<void> {
    await this.stopContainer(id, 0)
    this.#containers.delete(id)
  }

  async stats(): Promise<ContainerStats[]> {
    const groups = new Map(
      [...this.#containers.values()].flatMap(({ pid, record }) =>
        pid !== undefined && record.state === "running" ? [[pid, record.id] as const] : [],
      ),
    )
    return processStats(groups, this.#options.clock.now())
  }

  async updateResources(): Promise<void> {
    throw new RuntimeError("failed", "the process runtime sets no limits: plain processes have none to change")
  }

  async reopenLog(): Promise<void> {
    throw new RuntimeError("failed", "the process runtime writes to one log file until the process ends")
  }

  execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult> {
    const env = this.#require(id).environment(undefined)
    const [program = "", ...args] = command
    return new Promise((resolve, reject) => {
      execFile(program, args, { env, timeout: timeoutMs, encoding: "buffer" }, (error, stdout, stderr) => {
        if (error?.killed) reject(new RuntimeError("timed-out", `${program} did not end within ${timeoutMs} ms`))
        else if (error && typeof error.code !== "number") reject(new RuntimeError("failed", error.message))
        else resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr })
      })
    })
  }

  async openStream(): Promise<StreamTarget> {
    throw new RuntimeError("failed", "the process runtime has no exec, attach or port-forward")
  }

  async image(reference: string): Promise<ImageRecord> {
    return { id: reference, tags: [reference], digests: [], bytes: 0, user: undefined, pinned: true }
  }

  async images(): Promise<ImageRecord[]> {
    return []
  }

  async pullImage(reference: string): Promise<string> {
    return reference
  }

  async removeImage(): Promise<void> {}

  onEvent(listener: (notice: RuntimeNotice) => void): () => void {
    this.#listeners.add(listener)
    listener({ kind: "relist" })
    return () => this.#listeners.delete(listener)
  }

  /** Processes cannot outlive their log's reader, which is this process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#containers.values()].map((container) => container.stop(0)))
    this.#remember()
  }

  endLeftovers(): void {
    for (const { pid, startedAt } of this.#recall()) {
      if (startOf(pid) !== startedAt) continue
      try {
        process.kill(-pid, "SIGKILL")
      } catch {
        // Its group has ended between the look and the signal.
      }
    }
    this.#remember()
  }

  get #file(): string {
    return join(this.#options.directory, "processes.json")
  }

  #remember(): void {
    const running = [...this.#containers.values()].flatMap(({ pid, record }) =>
      pid !== undefined && record.state === "running" ? [{ pid, startedAt: startOf(pid) }] : [],
    )
    writeFileSync(this.#file, JSON.stringify(running), { mode: 0o600 })
  }

  #recall(): { pid: number; startedAt: string | undefined }[] {
    try {
      return JSON.parse(readFileSync(this.#file, "utf8"))
    } catch {
      return []
    }
  }

  #tell(notice: RuntimeNotice): void {
    for (const listener of this.#listeners) listener(notice)
  }

  #require(id: string): ProcessContainer {
    const container = this.#containers.get(id)
    if (!container) throw new RuntimeError("not-found", `container ${id} not found`)
    return container
  }
}

/** Clock ticks after boot at which a process started: tells it from a later one with the same pid. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]
  } catch {
    return undefined
  }
}

function idOf(...parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("/")).digest("hex")
}

/** 127.64.0.1 to 127.127.255.254: far from what people bind by hand. */
function addressOf(id: string): string {
  const bytes = Buffer.from(id.slice(0, 6), "hex")
  const [a = 0, b = 0, c = 0] = bytes
  return `127.${64 + (a % 64)}.${b}.${1 + (c % 254)}`
}
