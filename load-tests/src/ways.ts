import { startHaproxy } from "./haproxy.ts"
import type { Target } from "./open-loop.ts"
import { startPlainGateway } from "./plain-gateway.ts"
import { type Platform, podsOf, target } from "./platform.ts"
import { pidsOf } from "./process-cost.ts"

/** One way to a pod: none, or one proxy. */
export interface Way {
  readonly name: string
  readonly target: Target
  /** Processes of the proxy. */
  readonly pids: readonly number[]
}

export interface Ways extends AsyncDisposable {
  /** The bare pod first, the activator last. */
  readonly all: readonly Way[]
  readonly direct: Way
  readonly activator: Way
}

/** To the one pod of a function: directly, through HAProxy, through a bare gateway on Node, and through the activator. */
export async function openWays(platform: Platform, name: string): Promise<Ways> {
  const address = (await podsOf(platform, name))[0]?.status?.podIP ?? ""
  const pod = `${address}:8080`
  const stack = new AsyncDisposableStack()
  const haproxy = stack.use(await startHaproxy(pod))
  const plain = stack.use(await startPlainGateway(pod))
  const throughActivator = target(platform, name)
  const at = (port: number): Target => ({ ...throughActivator, port })
  const pids = pidsOf("services/activator/src/main.ts")
  const direct = { name: "direct", target: { ...at(8080), address }, pids: [] }
  const activator = { name: "activator", target: throughActivator, pids }
  const all = [
    direct,
    { name: "HAProxy", target: at(haproxy.port), pids: haproxy.pids },
    { name: "bare Node gateway", target: at(plain.port), pids: plain.pids },
    activator,
  ]
  return { all, direct, activator, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** Where `wrk` sends what goes this way. */
export function wrkTarget({ target: { address = "127.0.0.1", port, host } }: Way): { url: string; host: string } {
  return { url: `http://${address}:${port}/`, host }
}
