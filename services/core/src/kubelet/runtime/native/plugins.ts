import { existsSync } from "node:fs"
import { join } from "node:path"
import { hostProgram } from "#network"
import { RuntimeError } from "../runtime.ts"

/** Programs that are called as CNI says: with a verb in the environment, and a text to read. */
export class Plugins {
  readonly directories: readonly string[]

  constructor(directories: readonly string[]) {
    this.directories = directories
  }

  find(name: string): string | undefined {
    return this.directories.map((directory) => join(directory, name)).find((path) => existsSync(path))
  }

  /** Resolves with what it has answered. */
  async run(name: string, verb: "ADD" | "DEL", env: Readonly<Record<string, string>>, input = ""): Promise<string> {
    const command = this.find(name)
    if (command === undefined) throw new RuntimeError("failed", `the plugin ${name} is not installed`)
    const { exitCode, stdout, stderr } = await hostProgram({ command, env: { ...env, CNI_COMMAND: verb }, input })
    if (exitCode === 0) return stdout
    throw new RuntimeError("failed", `the plugin ${name} refused ${verb}: ${reasonOf(stdout) ?? stderr}`)
  }
}

function reasonOf(stdout: string): string | undefined {
  try {
    return (JSON.parse(stdout) as { msg?: string }).msg
  } catch {
    return undefined
  }
}
