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
