import type { LifecycleHandler } from "@wick/sdk/api/core/probe"
import type { Clock } from "@wick/sdk/clock"
import type { PodContainer } from "../pod/observed.ts"
import { askHttp, askTcp, portNumber } from "../probe/ask.ts"
import type { Runtime } from "../runtime/runtime.ts"

export interface HookContext {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly container: PodContainer
  readonly containerId: string
  readonly podIp: string
  readonly signal: AbortSignal
}

/** A hook that is not told otherwise has this long. */
const timeoutMsDefault = 120_000

/** Does what a lifecycle hook says. Resolves with what went wrong, if anything did; never longer than `limitMs`. */
export async function runHook(
  hook: LifecycleHandler,
  context: HookContext,
  limitMs: number = timeoutMsDefault,
): Promise<string | undefined> {
  const { runtime, clock, container, containerId, podIp, signal } = context
  try {
    if (hook.sleep) {
      await clock.sleep(Math.min(hook.sleep.seconds * 1_000, limitMs), signal).catch(() => {})
      return undefined
    }
    if (hook.exec) {
      const { exitCode, stdout, stderr } = await runtime.execSync(containerId, hook.exec.command ?? [], limitMs)
      return exitCode === 0 ? undefined : `exited with ${exitCode}: ${stdout.toString()}${stderr.toString()}`
    }
    if (hook.httpGet) {
      const { host = podIp, path, scheme, httpHeaders = [], port: wanted } = hook.httpGet
      const port = portNumber(container, wanted)
      if (port === undefined) return `couldn't find port: ${wanted}`
      const answer = await askHttp({ host, port, path, scheme, headers: httpHeaders }, limitMs, signal)
      return answer.ok ? undefined : answer.message
    }
    if (hook.tcpSocket) {
      const port = portNumber(container, hook.tcpSocket.port)
      if (port === undefined) return `couldn't find port: ${hook.tcpSocket.port}`
      const answer = await askTcp(hook.tcpSocket.host ?? podIp, port, limitMs)
      return answer.ok ? undefined : answer.message
    }
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
