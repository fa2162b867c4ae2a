import { type ChildProcess, spawn } from "node:child_process"
import { createWriteStream, type WriteStream } from "node:fs"
import { connect, createServer, type Server, type Socket } from "node:net"
import type { Readable } from "node:stream"
import type { Clock, Timer } from "@wick/sdk/clock"
import { type ContainerConfig, type ContainerRecord, RuntimeError, type SandboxRecord } from "./runtime.ts"

export interface ProcessContainerOptions {
  readonly id: string
  readonly sandbox: SandboxRecord
  readonly config: ContainerConfig
  readonly logPath: string
  readonly clock: Clock
  /** Told when the process has ended and its log is whole. */
  readonly onEnd: (exitCode: number, atMs: number) => void
}

const signalNumbers: Readonly<Record<string, number>> = { SIGTERM: 15, SIGKILL: 9, SIGINT: 2, SIGHUP: 1, SIGSEGV: 11 }
const signalBase = 128
/** Beyond this a line is cut in parts, as CRI does. */
const lineBytesMax = 16_384
const newline = 0x0a
/** How often a process that has started is looked at until it listens: often at first, for a cold start waits for it. */
const lookFirstMs = 5
const lookMaxMs = 200

/**
 * A container that is only a process. It is given a free port in `PORT`; connections to the pod's address, which is one
 * of the loopback network's, and the port that the container declares are handed on to it.
 */
export class ProcessContainer {
  record: ContainerRecord
  readonly #options: ProcessContainerOptions
  readonly #doors: Server[] = []
  /** Resolves when the process has ended and its log is whole: a little after it is gone. */
  readonly #over = Promise.withResolvers<void>()
  #child: ChildProcess | undefined
  #killer: Timer | undefined

  constructor(options: ProcessContainerOptions) {
    const { id, sandbox, config, logPath, clock } = options
    this.#options = options
    this.record = {
      id,
      sandboxId: sandbox.id,
      podUid: sandbox.pod.uid,
      name: config.name,
      attempt: config.attempt,
      state: "created",
      createdAtMs: clock.now(),
      image: config.image,
      imageId: config.imageId,
      logPath,
      annotations: config.annotations,
    }
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async start(): Promise<void> {
    const { config, clock } = this.#options
    const port = config.ports.length > 0 ? await freePort() : undefined
    const [command = "", ...args] = [...config.command, ...config.args]
    const child = spawn(command, args, {
      env: this.environment(port),
      ...(config.workingDirectory && { cwd: config.workingDirectory }),
      // A group of its own, so that whatever it starts ends with it.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    })
    this.#child = child
    const log = createWriteStream(this.#options.logPath, { flags: "a" })
    writeLines(child.stdout, "stdout", log, clock)
    writeLines(child.stderr, "stderr", log, clock)
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve)
      child.once("error", (error) => reject(new RuntimeError("failed", `cannot run ${command}: ${error.message}`)))
    })
    this.record = { ...this.record, state: "running", startedAtMs: clock.now() }
    child.once("close", (code, signal) => log.end(() => this.#ended(code ?? codeOf(signal))))
    if (port !== undefined) void this.#openDoors(port)
  }

  /** SIGTERM to the whole group, SIGKILL after the grace. Resolves when it has ended. */
  async stop(graceSeconds: number): Promise<void> {
    if (this.record.state !== "running") return
    this.#killer?.cancel()
    if (graceSeconds === 0) this.#signal("SIGKILL")
    else {
      this.#signal("SIGTERM")
      this.#killer = this.#options.clock.timer(graceSeconds * 1_000, () => this.#signal("SIGKILL"))
    }
    await this.#over.promise
  }

  /** What a command run beside the process sees too. */
  environment(port: number | undefined): Record<string, string> {
    const { env } = this.#options.config
    const own = Object.fromEntries(env.map(({ name, value }) => [name, value]))
    const { PATH = "/usr/bin:/bin", HOME = "/", LANG = "C" } = process.env
    return { PATH, HOME, LANG, ...own, ...(port !== undefined && { PORT: String(port) }) }
  }

  #signal(name: NodeJS.Signals): void {
    const pid = this.#child?.pid
    if (pid === undefined) return
    try {
      process.kill(-pid, name)
    } catch {
      // The group has ended by itself.
    }
  }

  #ended(exitCode: number): void {
    this.#killer?.cancel()
    this.#closeDoors()
    const atMs = this.#options.clock.now()
    this.record = { ...this.record, state: "exited", exitCode, finishedAtMs: atMs }
    this.#over.resolve()
    this.#options.onEnd(exitCode, atMs)
  }

  /**
   * Listens where the pod should be reached, but no sooner than its process does: until then a connection is refused, as
   * it is by a container, and whoever tries knows that nothing of its request was taken.
   */
  async #openDoors(inner: number): Promise<void> {
    const { config, sandbox, clock } = this.#options
    for (let waitMs = lookFirstMs; !(await accepts(inner)); waitMs = Math.min(2 * waitMs, lookMaxMs)) {
      if (this.record.state !== "running") return
      await clock.sleep(waitMs)
    }
    for (const port of config.ports) {
      if (this.record.state !== "running") return
      const door = createServer((socket) => handOn(socket, inner))
      this.#doors.push(door)
      await listening(door, port, sandbox.ips[0] ?? "127.0.0.1").catch(() => this.#signal("SIGKILL"))
    }
  }

  #closeDoors(): void {
    for (const door of this.#doors.splice(0)) door.close()
  }
}

function handOn(socket: Socket, port: number): void {
  const process = connect({ host: "127.0.0.1", port })
  process.on("error", () => socket.destroy())
  socket.on("error", () => process.destroy())
  socket.pipe(process).pipe(socket)
}

/** Whether something of this machine listens on `port`. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port })
    socket.once("error", () => resolve(false))
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await listening(server, 0, "127.0.0.1")
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === "object" && address ? address.port : 0
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(new RuntimeError("failed", `cannot listen on ${host}:${port}: ${error.message}`)),
    )
    server.listen(port, host, resolve)
  })
}

function codeOf(signal: NodeJS.Signals | null): number {
  return signalBase + (signalNumbers[signal ?? "SIGKILL"] ?? 0)
}

/** Writes what a process says as lines of a CRI log. */
function writeLines(from: Readable, stream: "stdout" | "stderr", log: WriteStream, clock: Clock): void {
  let rest = Buffer.alloc(0)
  const write = (text: Buffer, tag: "F" | "P"): void => {
    const time = new Date(clock.now()).toISOString().replace("Z", "000000Z")
    log.write(Buffer.concat([Buffer.from(`${time} ${stream} ${tag} `), text, Buffer.from("\n")]))
  }
  from.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(newline); end !== -1; end = rest.indexOf(newline)) {
      write(rest.subarray(0, end), "F")
      rest = rest.subarray(end + 1)
    }
    while (rest.length > lineBytesMax) {
      write(rest.subarray(0, lineBytesMax), "P")
      rest = rest.subarray(lineBytesMax)
    }
  })
  from.on("end", () => {
    if (rest.length > 0) write(rest, "P")
  })
}
