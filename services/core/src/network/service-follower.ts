import { Service } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { Clock } from "@wick/sdk/clock"
import { type Change, type Informer, type Informers, keyOf, splitKey, subject } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { hostCommand } from "./host-command.ts"
import type { Ranges } from "./range-choice.ts"
import { Commands, RuleBook } from "./rule-book.ts"
import { noRules, serviceRules } from "./service-rules.ts"
import { replacedTable } from "./table.ts"

const serviceLabel = "kubernetes.io/service-name"
const retryMsMin = 100
const retryMsMax = 30_000

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
 * leaves the book and the table apart, so the next transaction replaces the table whole.
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
  #whole = true
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
      this.#services.onChange((change) => this.#mark(keyOf(subject(change)))),
      this.#slices.onChange((change) => this.#markSlice(change)),
    )
    this.#poke()
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    for (const undo of this.#undo) undo()
    await this.#running
  }

  #markSlice({ before, after }: Change<EndpointSlice>): void {
    if (before) this.#mark(serviceOf(before))
    if (after) this.#mark(serviceOf(after))
  }

  #mark(service: string): void {
    this.#marked.add(service)
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
      const script = this.#nextScript()
      if (script === "") continue
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
