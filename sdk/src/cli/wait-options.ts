import type { Command } from "commander"
import { durationOption } from "./target.ts"

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
    .addOption(durationOption("--wait-timeout <duration>", "how long to wait", timeoutMs))
}

export function addWaitWindow(command: Command, windowMs = 0): Command {
  const meaning = "how long it may be not ready for a reason before that counts as a failure"
  return command.addOption(durationOption("--wait-window <duration>", meaning, windowMs))
}
