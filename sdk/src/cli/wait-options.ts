import type { Command } from "commander"
import { durationArgument } from "./target.ts"

/** Whether and how long a command waits for what it has asked for; kn's names. */
export interface WaitOptions {
  /** Undefined: yes. */
  wait?: boolean
  waitTimeout: number
  /** How long a failure may last before it is believed. */
  waitWindow?: number
}

export function addWaitOptions(command: Command, until: string, timeoutMs: number): Command {
  return command
    .option("--wait", `wait until ${until} (the default)`)
    .option("--no-wait", "do not wait")
    .option("--wait-timeout <duration>", "how long to wait", durationArgument, timeoutMs)
}

export function addWaitWindow(command: Command, windowMs = 0): Command {
  return command.option(
    "--wait-window <duration>",
    "how long it may be not ready for a reason before that counts as a failure",
    durationArgument,
    windowMs,
  )
}
