import { existsSync } from "node:fs"
import { join } from "node:path"
import { connect as connectTo } from "../client/index.ts"
import { CommandError, type Connection, exitCodes } from "./context.ts"
import { homeDirectory } from "./home.ts"

/** The API that $KUBECONFIG names, else the Wick of this machine, else kubectl's own default. */
export async function connect(env: NodeJS.ProcessEnv): Promise<Connection> {
  const own = join(homeDirectory(env), "kubeconfig")
  const kubeconfig = env.KUBECONFIG || !existsSync(own) ? undefined : own
  try {
    return await connectTo({ kubeconfig, env })
  } catch (error) {
    throw new CommandError(`no API to talk to: ${(error as Error).message}`, "wick up", exitCodes.unreachable)
  }
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
