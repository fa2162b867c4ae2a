import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { connect as connectTo } from "../client/index.ts"
import { serversExtension } from "../client/kubeconfig.ts"
import { CommandError, type Connection, exitCodes } from "./context.ts"
import { homeDirectory, running } from "./home.ts"

/** The API that $KUBECONFIG names, else the Wick of this machine, else kubectl's own default. */
export async function connect(env: NodeJS.ProcessEnv): Promise<Connection> {
  const home = homeDirectory(env)
  const own = join(home, "kubeconfig")
  const kubeconfig = (env.KUBECONFIG && env.KUBECONFIG !== own) || !existsSync(own) ? undefined : own
  if (kubeconfig && !running(home) && isAlone(kubeconfig)) {
    throw new CommandError(`no Wick runs from ${home}`, "wick up", exitCodes.unreachable)
  }
  try {
    return await connectTo({ kubeconfig, env })
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException
    const named = Boolean(env.KUBECONFIG)
    const missing = named
      ? `KUBECONFIG names ${path}, which is not there`
      : `no Wick runs from ${home}, and there is no ${path}`
    const next = named && running(home) ? "unset KUBECONFIG" : "wick up"
    throw new CommandError(`no API to talk to: ${code === "ENOENT" ? missing : message}`, next, exitCodes.unreachable)
  }
}

/** Whether nobody but the Wick of this machine could answer: of several hosts' Wicks another may run. */
function isAlone(kubeconfig: string): boolean {
  return !readFileSync(kubeconfig, "utf8").includes(serversExtension)
}

/** Why the API did not answer, when that is what `error` tells: fetch hides the reason in its causes. */
export function connectionFailure(error: unknown): string | undefined {
  if (!(error instanceof TypeError)) return undefined
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code) return cause.message || code
  }
  return undefined
}
