import { execFile } from "node:child_process"
import { RuntimeError } from "../runtime.ts"

/** Programs that make or end what a pod shares need milliseconds; on a machine that is busy, seconds. */
const timeoutMs = 30_000
const outputBytesMax = 1024 * 1024

/** Runs a program of the machine, feeds it `input` and resolves with its output, whatever it ends with. */
export function program(
  command: string,
  args: readonly string[],
  { env, input = "" }: { readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
): Promise<{ readonly ok: boolean; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, maxBuffer: outputBytesMax, ...(env && { env }) }
    const child = execFile(command, [...args], options, (error, stdout, stderr) => {
      if (!error) return resolve({ ok: true, stdout, stderr })
      if ((error as NodeJS.ErrnoException).code === "ENOENT") {
        reject(new RuntimeError("failed", `${command} is not installed (npm run setup installs it)`))
      } else resolve({ ok: false, stdout, stderr: stderr.trim() || error.message })
    })
    // One that ends before it has read everything says why by how it ends.
    child.stdin?.on("error", () => {})
    child.stdin?.end(input)
  })
}

/** The same, for one that has to succeed. */
export async function mustRun(command: string, args: readonly string[]): Promise<void> {
  const { ok, stderr } = await program(command, args)
  if (!ok) throw new RuntimeError("failed", `${[command, ...args].join(" ")}: ${stderr}`)
}
