import { execFile } from "node:child_process"
import { join } from "node:path"
import type { SecureTestApi } from "./start-secure.ts"

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A kubectl of 2020, which speaks older words: the set-up of the tests fetches it where there is a package of it. */
export const oldKubectl = join(import.meta.dirname, "../../../../../node_modules/.cache/kubectl-1.20/usr/bin/kubectl")

export interface RunOptions {
  /** By default the one in the path. */
  readonly program?: string
  /** By default the administrator's. */
  readonly kubeconfig?: string
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Runs a real kubectl against a server, at home in the server's directory. A command is split at spaces; one that has
 * spaces in its words is given as a list.
 */
export function runKubectl(
  api: SecureTestApi,
  command: string | readonly string[],
  { program = "kubectl", kubeconfig = api.kubeconfig, input = "", env = {} }: RunOptions = {},
): Promise<Ran> {
  const home = api.directory
  const own = { PATH: process.env.PATH, HOME: home, KUBECONFIG: kubeconfig, KUBECACHEDIR: join(home, "cache"), ...env }
  const words = typeof command === "string" ? command.split(" ") : [...command]
  return new Promise((resolve) => {
    const child = execFile(program, words, { env: own }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out: out.trim(), err: err.trim() })
    })
    child.stdin?.end(input)
  })
}
