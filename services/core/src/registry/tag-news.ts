import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { ManifestStore } from "./manifest-store.ts"
import type { OtherRegistries } from "./other-registries.ts"
import type { PullThrough } from "./pull-through.ts"

/** A host that was not reached is tried again after this, then twice as long, … */
const retryMsMin = 1_000
const retryMsMax = 60_000
/** One that is away for longer asks for everything when it is back. */
const giveUpMs = 600_000

/**
 * Has every host know every tag, and hold its image: whichever is lost, pods are still started by the tag elsewhere. Who
 * takes a push tells the others, and each of them fetches it for itself, one after the other; who starts asks the others
 * for all that they have. Nobody who pushes or pulls waits for any of it.
 */
export class TagNews implements AsyncDisposable {
  readonly #others: OtherRegistries
  readonly #elsewhere: PullThrough
  readonly #manifests: ManifestStore
  readonly #clock: Clock
  readonly #log: Log
  readonly #stop = new AbortController()
  /** `host path` of those that have yet to hear it. */
  readonly #telling = new Set<string>()
  /** `repository:tag` of those that wait for their turn. */
  readonly #waiting = new Set<string>()
  #taking: Promise<void> = Promise.resolve()

  constructor(parts: {
    readonly others: OtherRegistries
    readonly elsewhere: PullThrough
    readonly manifests: ManifestStore
    readonly clock: Clock
    readonly log: Log
  }) {
    this.#others = parts.others
    this.#elsewhere = parts.elsewhere
    this.#manifests = parts.manifests
    this.#clock = parts.clock
    this.#log = parts.log
  }

  /** A tag was pushed or removed here. */
  readonly spread = (repository: string, tag: string): void => {
    const path = `/v2/${repository}/tags/${tag}`
    for (const name of this.#others.names()) {
      const key = `${name} ${path}`
      if (this.#telling.has(key)) continue
      this.#telling.add(key)
      void this.#again(() => this.#others.tell(name, path)).finally(() => this.#telling.delete(key))
    }
  }

  /** One was, elsewhere. */
  readonly heard = (repository: string, tag: string): void => {
    const key = `${repository}:${tag}`
    if (this.#waiting.has(key)) return
    this.#waiting.add(key)
    this.#taking = this.#taking.then(async () => {
      this.#waiting.delete(key)
      if (this.#stop.signal.aborted) return
      await this.#elsewhere.take(repository, tag).catch((error: unknown) => {
        this.#log.warn("a tag of another host could not be taken over", { repository, tag, error })
      })
    })
  }

  /** What was pushed and removed while this host was away, or before it came. */
  catchUp(): void {
    for (const name of this.#others.names()) void this.#again(() => this.#catchUpWith(name))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#taking
  }

  async #catchUpWith(name: string): Promise<boolean> {
    const theirs = await this.#others.tagsOf(name)
    if (theirs === undefined) return false
    for (const [repository, tag] of theirs) this.heard(repository, tag)
    for (const repository of await this.#manifests.repositories()) {
      for (const tag of await this.#manifests.tags(repository)) this.heard(repository, tag)
    }
    return true
  }

  /** Until it is done, or given up. */
  async #again(attempt: () => Promise<boolean>): Promise<void> {
    const { signal } = this.#stop
    const untilMs = this.#clock.monotonic() + giveUpMs
    for (let pauseMs = retryMsMin; !signal.aborted; pauseMs = Math.min(retryMsMax, 2 * pauseMs)) {
      if (await attempt().catch(() => false)) return
      if (this.#clock.monotonic() + pauseMs > untilMs) return
      await this.#clock.sleep(pauseMs, signal).catch(() => {})
    }
  }
}
