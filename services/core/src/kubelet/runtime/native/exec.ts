import { randomBytes } from "node:crypto"
import { mkdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { type Readable, Writable } from "node:stream"
import { finished } from "node:stream/promises"
import type { Clock } from "@wick/sdk/clock"
import { ociMessage } from "#containerd"
import { goneIsNone } from "../refusal.ts"
import { type ExecResult, type ProcessSession, RuntimeError, type StreamChoice } from "../runtime.ts"
import type { OwnCall } from "./calls.ts"
import { readEnd, writeEnd } from "./fifo-end.ts"
import type { FifoStock } from "./fifo-stock.ts"

export interface ExecDeps {
  readonly call: OwnCall
  readonly fifos: FifoStock
  readonly directory: string
  readonly clock: Clock
}

export interface ExecCommand {
  readonly containerId: string
  /** The container's own process: what is run beside it has its rights, environment and place. */
  readonly process: object
  readonly command: readonly string[]
  readonly streams: Pick<StreamChoice, "stdin" | "tty">
}

/** What is kept of an output; more is read and forgotten, as the command would wait otherwise. */
const outputBytesMax = 16 * 1024 * 1024
/** Output that comes after its command's end: a process that it has left behind may have it open for ever. */
const outputMsMax = 1_000
/** Sessions end when one of both sides wants it. */
const sessionMsMax = 24 * 3_600_000
const idBytes = 16
const killed = 9

/** Runs a command beside a container's process; `within` is how long it may take. */
export async function startExec(deps: ExecDeps, exec: ExecCommand, within = sessionMsMax): Promise<ProcessSession> {
  const { call, fifos } = deps
  const { containerId, streams } = exec
  const execId = randomBytes(idBytes).toString("hex")
  const directory = join(deps.directory, execId)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const [stdout, stderr, stdin] = ["stdout", "stderr", "stdin"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  await using undo = new AsyncDisposableStack()
  undo.defer(() => rm(directory, { recursive: true, force: true }))
  await fifos.take([stdout, ...(streams.tty ? [] : [stderr]), ...(streams.stdin ? [stdin] : [])])
  const open = <End extends { destroy(): unknown }>(end: End): End => {
    undo.defer(() => void end.destroy())
    return end
  }
  const out = open(readEnd(stdout))
  const err = streams.tty ? undefined : open(readEnd(stderr))
  const input = streams.stdin ? open(writeEnd(stdin)) : undefined
  const spec = ociMessage("Process", { ...exec.process, args: exec.command, terminal: streams.tty })
  const paths = { stdout, ...(err && { stderr }), ...(input && { stdin }), terminal: streams.tty }
  await call("tasks.Exec", { containerId, execId, spec, ...paths })
  undo.defer(async () => void (await call("tasks.DeleteProcess", { containerId, execId }).catch(() => undefined)))
  await call("tasks.Start", { containerId, execId })
  const kill = async (): Promise<void> =>
    void (await call("tasks.Kill", { containerId, execId, signal: killed }).catch(goneIsNone))
  const ending = call("tasks.Wait", { containerId, execId }, { deadlineMs: within }).catch(async (error) => {
    if (!(error instanceof RuntimeError) || error.kind !== "timed-out") throw error
    await kill()
    throw new RuntimeError("timed-out", `${exec.command[0]} did not end within ${within} ms`)
  })
  const stack = undo.move()
  let over = false
  const ended = ending
    .then(({ exitStatus = 0 }) => exitStatus)
    .finally(() => {
      over = true
    })
  // Nobody may ask.
  ended.catch(() => {})
  return {
    kind: "process",
    stdin: input && endingBy(input, () => call("tasks.CloseIO", { containerId, execId, stdin: true })),
    stdout: out,
    stderr: err,
    ended,
    resize: async (width, height) => void (await call("tasks.ResizePty", { containerId, execId, width, height })),
    close: async () => {
      if (!over) await kill()
      await ended.catch(() => {})
      await stack.disposeAsync()
    },
  }
}

/** Runs a command to its end and resolves with how it ended, and what it said. */
export async function execSync(
  deps: ExecDeps,
  exec: Omit<ExecCommand, "streams">,
  timeoutMs: number,
): Promise<ExecResult> {
  const streams = { stdin: false, tty: false }
  const session = await startExec(deps, { ...exec, streams }, timeoutMs)
  try {
    const outputs = [session.stdout, session.stderr].map(collect)
    const exitCode = (await session.ended) ?? 0
    await Promise.race([Promise.all(outputs.map(({ ended }) => ended)), deps.clock.sleep(outputMsMax)])
    const [stdout = Buffer.alloc(0), stderr = Buffer.alloc(0)] = outputs.map(({ bytes }) => bytes())
    return { exitCode, stdout, stderr }
  } finally {
    await session.close()
  }
}

function collect(from: Readable | undefined): { readonly ended: Promise<void>; bytes(): Buffer } {
  const chunks: Buffer[] = []
  let kept = 0
  from?.on("data", (chunk: Buffer) => {
    const room = chunk.subarray(0, Math.max(0, outputBytesMax - kept))
    kept += room.length
    if (room.length > 0) chunks.push(room)
  })
  // One that has said nothing may be over by now.
  const ended = from ? finished(from, { writable: false }).catch(() => {}) : Promise.resolve()
  return { ended, bytes: () => Buffer.concat(chunks) }
}

/**
 * A FIFO has no half that could be closed alone: its end is said by letting go of it, and by the shim, which holds it open
 * as well until it is told.
 */
function endingBy(end: Writable, letGo: () => Promise<unknown>): Writable {
  return new Writable({
    write: (chunk, _, done) => void end.write(chunk, done),
    final: (done) => {
      end.destroy()
      // The process may have ended by now.
      void letGo()
        .catch(() => {})
        .finally(done)
    },
  })
}
