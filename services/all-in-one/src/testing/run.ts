import { execFile } from "node:child_process"

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const timeoutMs = 120_000
const outputMaxBytes = 16 * 1024 * 1024

/** Runs a program to its end; a failure is a result, not an exception. */
export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(command, args, { env, timeout: timeoutMs, maxBuffer: outputMaxBytes }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1
      resolve({ code, stdout, stderr })
    })
  })
}
