import { CommanderError } from "commander"
import { isStatus } from "../api/meta/status-error.ts"
import { systemClock } from "../clock/index.ts"
import { connectDirectly } from "../direct-connections.ts"
import { connect, connectionFailure } from "./connect.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { commanderExitCode, createProgram } from "./program.ts"

connectDirectly(process.env)

const interrupt = new AbortController()
process.once("SIGINT", () => interrupt.abort(new CommandError("interrupted", undefined, exitCodes.interrupted)))

/** What a shell says of a program whose reader has gone: `wick list | head -1` is no failure to tell of. */
const brokenPipe = 141
process.stdout.once("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error
  process.exit(brokenPipe)
})

/** By which command one sees what there is of a kind. */
const listing: Readonly<Record<string, string>> = {
  services: "wick list -A",
  revisions: "wick revisions -A",
  routes: "wick route list -A",
  domainmappings: "wick domain list -A",
  secrets: "wick secret list -A",
}

const context: Context = {
  clock: systemClock,
  env: process.env,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  interrupted: interrupt.signal,
  connect: () => connect(process.env),
}

try {
  const args = process.argv.slice(2)
  const program = await createProgram(context, args)
  if (args.length === 0) program.outputHelp()
  else await program.parseAsync(args, { from: "user" })
  if (interrupt.signal.aborted) process.exitCode = exitCodes.interrupted
} catch (error) {
  process.exitCode = report(error)
}

/** Says what went wrong and what to try next; never a stack trace for what a user can cause. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return commanderExitCode(error)
  if (error instanceof CommandError) {
    context.err(`error: ${error.message}\n${error.next ? `try:   ${error.next}\n` : ""}`)
    return error.exitCode
  }
  if (isStatus(error, "NotFound")) {
    const { kind = "", name } = error.details ?? {}
    const next = kind === "namespaces" ? `kubectl create namespace ${name}` : listing[kind]
    context.err(`error: ${error.message}\n${next ? `try:   ${next}\n` : ""}`)
    return exitCodes.notFound
  }
  if (isStatus(error)) return refused(error.message, error.details?.causes)
  const lost = connectionFailure(error)
  if (lost) {
    context.err(`error: the API does not answer: ${lost}\ntry:   wick status\n`)
    return exitCodes.unreachable
  }
  context.err(`error: ${(error as Error).message}\n`)
  return exitCodes.failed
}

function refused(message: string, causes: { field?: string; message?: string }[] = []): number {
  if (causes.length < 2) context.err(`error: ${message}\n`)
  else {
    const lines = causes.map((cause) => `  ${cause.field ? `${cause.field}: ` : ""}${cause.message ?? ""}\n`)
    context.err(`error: refused for ${causes.length} reasons\n${lines.join("")}`)
  }
  return exitCodes.failed
}
