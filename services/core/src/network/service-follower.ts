import { Service } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { Clock } from "@wick/sdk/clock"
import { type Change, type Informer, type Informers, keyOf, splitKey, subject } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { hostCommand } from "./host-command.ts"
import { Pace } from "./pace.ts"
import type { Ranges } from "./range-choice.ts"
import { Commands, RuleBook } from "./rule-book.ts"
import { noRules, serviceRules } from "./service-rules.ts"
import { replacedTable } from "./table.ts"

const serviceLabel = "kubernetes.io/service-name"
const retryMsMin = 100
const retryMsMax = 30_000
/**
 * A transaction is a program that is started, which takes some milliseconds of the processor: when many pods come and go, one
 * of these carries out what became of all of them meanwhile.
 */
const storm = { atOnce: 4, refillMs: 500 }

export interface FollowerOptions {
  readonly table: string
  readonly ranges: Ranges
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  /** Runs one transaction of the packet filter. */
  readonly apply?: (script: string) => Promise<unknown>
}

/**
 * Keeps the table equal to Services and EndpointSlices. Changes only mark their service; one transaction at a time
 * carries out all that is marked, so a storm of changes while one runs becomes the next one. Anything that goes wrong
 * leaves the book and the table apart, so the next transaction replaces the table whole. A service that comes or goes
 * is carried out at once; of endpoints that change in a storm each has to wait for the turn of all.
 */
export class ServiceFollower implements AsyncDisposable {
  readonly #options: FollowerOptions
  readonly #services: Informer<typeof Service>
  readonly #slices: Informer<typeof EndpointSlice>
  readonly #apply: (script: string) => Promise<unknown>
  readonly #stop = new AbortController()
  readonly #undo: (() => void)[] = []
  readonly #marked = new Set<string>()
  readonly #book = new RuleBook()
  readonly #pace = new Pace(storm.atOnce, storm.refillMs)
  #whole = true
  /** Something is marked that waits for no turn. */
  #urgent = false
  /** Ends the waiting for a turn. */
  #hurry: () => void = () => {}
  #running: Promise<void> | undefined

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#apply = options.apply ?? ((script) => hostCommand("nft", ["-f", "-"], script))
    this.#services = options.informers(Service)
    this.#slices = options.informers(EndpointSlice, { indexes: { byService: (slice) => [serviceOf(slice)] } })
  }

  /** Resolves when the table holds every service that there is. */
  async start(): Promise<void> {
    await Promise.all([this.#services.synced, this.#slices.synced])
    if (this.#stop.signal.aborted) return
    this.#undo.push(
      this.#services.onChange((change) => this.#mark(keyOf(subject(change)), true)),
      this.#slices.onChange((change) => this.#markSlice(change)),
    )
    this.#poke()
    await this.#running
  }

  /** Somebody has taken the table away: resolves when it is there again. */
  async replaceAll(): Promise<void> {
    this.#whole = true
    this.#poke()
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#hurry()
    for (const undo of this.#undo) undo()
    await this.#running
  }

  #markSlice({ before, after }: Change<EndpointSlice>): void {
    const urgent = before === undefined || after === undefined
    if (before) this.#mark(serviceOf(before), urgent)
    if (after) this.#mark(serviceOf(after), urgent)
  }

  #mark(service: string, urgent: boolean): void {
    this.#marked.add(service)
    if (urgent) {
      this.#urgent = true
      this.#hurry()
    }
    this.#poke()
  }

  #poke(): void {
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    // Changes that arrive together are told one after the other: let them all be marked first.
    await Promise.resolve()
    let failures = 0
    while ((this.#whole || this.#marked.size > 0) && !this.#stop.signal.aborted) {
      if (!this.#whole && !this.#urgent) await this.#turn()
      if (this.#stop.signal.aborted) break
      this.#urgent = false
      const script = this.#nextScript()
      if (script === "") continue
      this.#pace.take(this.#options.clock.monotonic())
      try {
        await this.#apply(script)
        failures = 0
      } catch (error) {
        this.#whole = true
        this.#options.log.error("cannot set the rules of services; will replace them all", { error, failures })
        const waitMs = Math.min(retryMsMin * 2 ** failures++, retryMsMax)
        await this.#options.clock.sleep(waitMs, this.#stop.signal).catch(() => {})
      }
    }
    // In the same breath as the check above: whoever marks after it must start a new run.
    this.#running = undefined
  }

  async #turn(): Promise<void> {
    const { clock } = this.#options
    const waitMs = this.#pace.waitMs(clock.monotonic())
    if (waitMs === 0) return
    await new Promise<void>((resolve) => {
      const timer = clock.timer(waitMs, resolve)
      this.#hurry = () => {
        timer.cancel()
        resolve()
      }
    })
    this.#hurry = () => {}
  }

  #nextScript(): string {
    const { table, ranges } = this.#options
    const commands = new Commands()
    for (const key of this.#marked) commands.join(this.#book.replace(key, this.#rulesOf(key)))
    this.#marked.clear()
    if (!this.#whole) return commands.text(table)
    this.#whole = false
    return replacedTable(table, ranges) + this.#book.everything().text(table)
  }

  #rulesOf(key: string): ReturnType<typeof serviceRules> {
    const { namespace, name } = splitKey(key)
    const service = this.#services.get(name, namespace)
    return service ? serviceRules(service, this.#slices.byIndex("byService", key)) : noRules
  }
}

function serviceOf(slice: EndpointSlice): string {
  return keyOf({ metadata: { ...slice.metadata, name: slice.metadata.labels?.[serviceLabel] ?? "" } })
}
