import { spawn } from "node:child_process"
import { once } from "node:events"
import { getCompileCacheDir } from "node:module"
import type { Context } from "./context.ts"
import { platformProgram } from "./platform-program.ts"

/** The platform reads backups, as it writes them. What it says is for the user; its exit code is ours. */
export async function runBackupProgram(
  context: Context,
  verb: string,
  options: Readonly<Record<string, string | boolean>>,
): Promise<void> {
  const flags = Object.entries(options).map(([name, value]) => {
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    return value === true ? flag : `${flag}=${value}`
  })
  // The experiment is Node's FFI, with which a store's file is kept from other programs.
  const node = ["--disable-warning=ExperimentalWarning"]
  const child = spawn(process.execPath, [...node, platformProgram("backup"), verb, ...flags], {
    stdio: "inherit",
    env: { NODE_COMPILE_CACHE: getCompileCacheDir(), ...context.env },
  })
  const [code] = (await once(child, "exit")) as [number | null]
  process.exitCode = code ?? 1
}
