import { request } from "node:https"
import { Node } from "@wick/sdk/api/core/node"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import type { Client } from "@wick/sdk/client"
import type { Clock, Timer } from "@wick/sdk/clock"
import { NotLeadingError } from "@wick/sdk/controller"
import { hostPort } from "@wick/sdk/host-port"
import type { Log } from "@wick/sdk/log"
import type { ControllersOptions } from "#controllers"

/** On nodes whose host does not answer: pods that run there go on, new ones go elsewhere. */
export const silentTaint = { key: "wick.dev/host-silent", effect: "NoSchedule" } as const

const lookEveryMs = 1_000
/** A host on the same network answers in milliseconds; a busy one is given time, and more than one chance. */
const answerMsMax = 700
const missesMax = 2
/** At first nobody is given time: new pods wait for this look, and a host that was only busy is marked for a second. */
const firstAnswerMsMax = 300
/** After the first has answered the others get as long again at that look, and at least this: all are asked the same. */
const furtherMsMin = 60
/** Kubelets write their node too. */
const attemptsMax = 4

export interface SilentHostsOptions {
  readonly client: Client
  readonly servers: NonNullable<ControllersOptions["apiServers"]>
  /** Of this host's node. */
  readonly ownName: string
  readonly clock: Clock
  readonly log: Log
  /** Whether a host answers in time. */
  readonly answers: (url: string, timeoutMs: number) => Promise<boolean>
}

/**
 * Keeps new pods off control-plane hosts that do not answer. A node's own lease tells that after forty seconds, which
 * is right for moving what runs, and too late for a function that is to be started now: it would be bound to a host that is
 * dead, frozen or cut off. Whoever leads looks at the others each second; nobody else does.
 */
export class SilentHosts implements AsyncDisposable {
  readonly #options: SilentHostsOptions
  readonly #misses = new Map<string, number>()
  /** What was last written, by node. */
  readonly #told = new Map<string, boolean>()
  #timer: Timer | undefined
  #looking: Promise<void> | undefined
  #stopped = false
  readonly #undo: () => void

  private constructor(options: SilentHostsOptions) {
    this.#options = options
    this.#undo = options.servers.onChange(() => this.#await())
  }

  /** Resolves after the first look, in which one miss counts: the last leader is likely to be gone. */
  static async start(options: SilentHostsOptions): Promise<SilentHosts> {
    const hosts = new SilentHosts(options)
    await hosts.#look(1, hosts.#askedOnce())
    return hosts
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#undo()
    this.#timer?.cancel()
    await this.#looking
  }

  #look(misses: number, answers: (url: string) => Promise<boolean>): Promise<void> {
    this.#looking = this.#round(misses, answers).finally(() => {
      this.#looking = undefined
      this.#await()
    })
    return this.#looking
  }

  /** While there are no others there is nothing to look at, and nothing ticks. */
  #await(): void {
    if (this.#stopped || this.#timer || this.#looking || this.#others().length === 0) return
    this.#timer = this.#options.clock.timer(lookEveryMs, () => {
      this.#timer = undefined
      void this.#look(missesMax, (url) => this.#options.answers(url, answerMsMax))
    })
  }

  #others(): ReturnType<SilentHostsOptions["servers"]["list"]> {
    return this.#options.servers.list().filter(({ name }) => name !== this.#options.ownName)
  }

  /** For one look that somebody waits for: it is over soon after the first answer, whoever is missing then. */
  #askedOnce(): (url: string) => Promise<boolean> {
    const { clock, answers } = this.#options
    const beganMs = clock.monotonic()
    const over = Promise.withResolvers<false>()
    let _closing: Timer | undefined
    return async (url) => {
      const answered = await Promise.race([answers(url, firstAnswerMsMax), over.promise])
      const tookMs = clock.monotonic() - beganMs
      if (answered) _closing ??= clock.timer(Math.max(furtherMsMin, tookMs), () => over.resolve(false))
      return answered
    }
  }

  async #round(misses: number, answers: (url: string) => Promise<boolean>): Promise<void> {
    const { ownName } = this.#options
    const others = this.#others()
    const seen = [{ name: ownName, silent: false }]
    await Promise.all(
      others.map(async ({ name, ip, port }) => {
        const missed = (await answers(`https://${hostPort(ip, port)}`)) ? 0 : (this.#misses.get(name) ?? 0) + 1
        this.#misses.set(name, missed)
        if (missed === 0 || missed >= misses) seen.push({ name, silent: missed > 0 })
      }),
    )
    if (others.length > 0) await Promise.all(seen.map(({ name, silent }) => this.#tell(name, silent)))
  }

  async #tell(name: string, silent: boolean): Promise<void> {
    if (this.#told.get(name) === silent || this.#stopped) return
    const { log } = this.#options
    for (let attempt = 1; !this.#stopped; attempt++) {
      try {
        await this.#mark(name, silent)
        this.#told.set(name, silent)
        return
      } catch (error) {
        if (isStatus(error, "Conflict") && attempt < attemptsMax) continue
        const isOrdinary = error instanceof NotLeadingError || isStatus(error, "NotFound")
        if (!isOrdinary) log.warn("cannot mark a host that is silent", { node: name, error })
        return
      }
    }
  }

  async #mark(name: string, silent: boolean): Promise<void> {
    const { client, log } = this.#options
    const node = await client.get(Node, { name })
    const taints = node.spec?.taints ?? []
    const others = taints.filter(({ key }) => key !== silentTaint.key)
    if (silent === others.length < taints.length) return
    log[silent ? "warn" : "info"](silent ? "a host does not answer" : "a host answers again", { node: name })
    await client.update(Node, { ...node, spec: { ...node.spec, taints: silent ? [...others, silentTaint] : others } })
  }
}

/**
 * Asks the API server at a URL whether it is ready, by TLS with the cluster's authority. A host whose store cannot follow,
 * because its disk is full, is as good as silent: its kubelet would not hear of new pods.
 */
export function hostAnswers(authorityPem: string): SilentHostsOptions["answers"] {
  return (url, timeoutMs) =>
    new Promise((resolve) => {
      const signal = AbortSignal.timeout(timeoutMs)
      const sent = request(`${url}/readyz`, { ca: authorityPem, agent: false, signal }, (response) => {
        response.resume()
        resolve(response.statusCode === 200)
      })
      sent.once("error", () => resolve(false))
      sent.end()
    })
}
