import { execFile } from "node:child_process"

/** Longest that a command of the host may take before it is given up: `nft` and `ip` need milliseconds. */
const timeoutMs = 10_000
/** Largest output that is read: a rule listing of a host with many rules of its own. */
const outputBytesMax = 64 * 1024 * 1024

/** A command of the host that failed: what it was, and its own words. */
export class HostCommandError extends Error {
  override name = "HostCommandError"
}

/** Runs a command, feeds it `input`, and resolves to its output. */
export function hostCommand(command: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, maxBuffer: outputBytesMax }
    const child = execFile(command, [...args], options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout)
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT"
      const words = missing ? "is not installed (npm run setup installs it)" : stderr.trim() || error.message
      reject(new HostCommandError(`${[command, ...args].join(" ")}: ${words}`, { cause: error }))
    })
    // A command that ends before it has read everything says why by its exit code.
    child.stdin?.on("error", () => {})
    child.stdin?.end(input)
  })
}
