import { Node } from "@wick/sdk/api/core/node"
import type { Client } from "@wick/sdk/client"
import type { Clock, Random } from "@wick/sdk/clock"
import {
  createInformers,
  electLeader,
  type LeadershipTerm,
  lendInformers,
  type Mandate,
  mandatedDurations,
  overOf,
} from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import { identities, type UserInfo } from "#apiserver"
import { type ControllersOptions, startEndpointSlices, startOtherControllers, startPodMakers } from "#controllers"
import { startScheduler } from "#scheduler"
import type { Precedence } from "./precedence.ts"
import { hostAnswers, SilentHosts } from "./silent-hosts.ts"
import { type TraceTarget, traceComponent } from "./trace-component.ts"

export interface ElectedLoopsOptions
  extends Pick<ControllersOptions, "certificateAuthority" | "certificateSigner" | "signSecretToken" | "apiServers"> {
  /** With a term: a client whose writes end with it. */
  readonly clientAs: (user: UserInfo, term?: LeadershipTerm) => Client
  /** Who we are among those that contend. */
  readonly identity: string
  readonly mandate: Mandate
  /** At a start. */
  readonly precedence?: Precedence | undefined
  /** Of this host. */
  readonly nodeName?: string | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics?: Metrics | undefined
  /** Where traces go; nowhere unless given. */
  readonly traces?: TraceTarget | undefined
}

const namespace = "kube-system"
/**
 * After another host led: calls of functions at zero may be waiting, so what makes pods begins at once, and what looks at all
 * there is does so when those have had the processor.
 */
const othersAfterMs = 1_000

/**
 * Controllers and scheduler, each while it holds its Lease, under the names that Kubernetes' own have. Each writes under
 * its own name, with the rights of its own work; what they read, they read once, together. Nothing is carried from one
 * term to the next but what is in the API: a loop begins by looking at all there is.
 */
export function electLoops(options: ElectedLoopsOptions): AsyncDisposable {
  const { clientAs, identity, mandate, precedence, clock, random, log, metrics } = options
  const running = new AsyncDisposableStack()
  const tracings = {
    controllers: traceComponent("kube-controller-manager", options, running),
    scheduler: traceComponent("kube-scheduler", options, running),
  }
  const lend = lendInformers(() => createInformers(clientAs(identities.controllers), clock, log))
  const elect = (
    name: string,
    user: UserInfo,
    start: (term: LeadershipTerm) => AsyncDisposable | Promise<AsyncDisposable>,
  ): void => {
    const lease = { client: clientAs(user), namespace, name, identity, mandate, durations: mandatedDurations }
    running.use(
      electLeader({ ...lease, clock, random, log }, async (term) => {
        await using _started = await start(term)
        await overOf(term)
      }),
    )
  }
  const begun = (user: UserInfo, term: LeadershipTerm) => {
    const informers = lend()
    return { informers, common: { informers, client: clientAs(user, term), clock, random, log, metrics } }
  }
  elect("kube-controller-manager", identities.controllers, (term) => {
    const { informers, common } = begun(identities.controllers, term)
    const { certificateAuthority, certificateSigner, signSecretToken, apiServers } = options
    const signing = {
      ...(certificateAuthority !== undefined && { certificateAuthority }),
      ...(certificateSigner !== undefined && { certificateSigner }),
      ...(signSecretToken !== undefined && { signSecretToken }),
      ...(apiServers !== undefined && { apiServers }),
    }
    const given = { ...common, ...signing, tracing: tracings.controllers }
    const stack = both(startPodMakers(given), informers)
    stack.use(later(precedence?.over, term, () => startEndpointSlices(given)))
    stack.use(later(othersTurn(options, term), term, () => startOtherControllers(given)))
    return stack
  })
  elect("kube-scheduler", identities.scheduler, async (term) => {
    const { informers, common } = begun(identities.scheduler, term)
    await using stack = new AsyncDisposableStack()
    stack.use(informers)
    // Before the first pod is bound: the host that led before is likely to be gone.
    const looked = watchHosts(options, term)
    const after = looked.then((hosts) => hosts && informers(Node).caughtUp())
    after.catch(() => {})
    stack.use(startScheduler({ ...common, tracing: tracings.scheduler, after }))
    const hosts = await looked
    if (hosts) stack.use(hosts)
    return stack.move()
  })
  return running
}

/** Where there are other hosts: looks whether they answer, by the right of the controllers to mark nodes. */
async function watchHosts(
  { clientAs, apiServers, nodeName, certificateAuthority, clock, log }: ElectedLoopsOptions,
  term: LeadershipTerm,
): Promise<AsyncDisposable | undefined> {
  if (apiServers === undefined || nodeName === undefined || certificateAuthority === undefined) return undefined
  const client = clientAs(identities.controllers, term)
  const answers = hostAnswers(certificateAuthority)
  return SilentHosts.start({ client, servers: apiServers, ownName: nodeName, clock, log, answers })
}

/** When those may begin that look at all there is; undefined: at once. */
function othersTurn(
  { mandate, precedence, clock }: ElectedLoopsOptions,
  { signal }: LeadershipTerm,
): Promise<unknown> | undefined {
  const alone = mandate.state.kind === "alone"
  if (alone) return precedence?.over
  return Promise.all([precedence?.over, clock.sleep(othersAfterMs, signal).catch(() => {})])
}

/** Starts something when it is its turn, unless it is over by then. */
function later(
  turn: Promise<unknown> | undefined,
  { signal }: LeadershipTerm,
  start: () => AsyncDisposable,
): AsyncDisposable {
  const stack = new AsyncDisposableStack()
  const begin = (): void => {
    if (!signal.aborted && !stack.disposed) stack.use(start())
  }
  if (turn === undefined) begin()
  else void turn.then(begin)
  return stack
}

/** First the loop ends, then what it looks at. */
function both(loop: AsyncDisposable, informers: AsyncDisposable): AsyncDisposableStack {
  const stack = new AsyncDisposableStack()
  stack.use(informers)
  stack.use(loop)
  return stack
}
