import type { Clock } from "@wick/sdk/clock"

/** The registry of another host of the cluster: what it has itself, and no more. */
export interface OtherRegistry {
  readonly name: string
  /** `path` as in the specification: `/v2/…`. Resolves with the head of the answer; rejects when there is none. */
  ask(path: string, init: { readonly method: "GET" | "HEAD"; readonly signal: AbortSignal }): Promise<Response>
}

/** When a tag was pushed, in milliseconds: of two hosts that know it the later one is right. */
export const pushedAtHeader = "wick-pushed-at"

/** A host that has not begun to answer by then is gone, frozen or cut off. */
const answerMsMax = 1_000
/** Nobody waits for such a one again for so long. */
const passedOverMs = 10_000

/** A tag as another host has it. */
export interface RemoteTag {
  readonly digest: string
  readonly pushedAtMs: number
}

/** The registries of the cluster's other hosts. One that is silent costs a second, once in a while, and no error. */
export class OtherRegistries {
  readonly #list: () => readonly OtherRegistry[]
  readonly #clock: Clock
  readonly #silentUntilMs = new Map<string, number>()

  constructor(list: () => readonly OtherRegistry[], clock: Clock) {
    this.#list = list
    this.#clock = clock
  }

  /** The tag as it was pushed last, among those who answer. */
  async newest(repository: string, tag: string): Promise<RemoteTag | undefined> {
    const path = `/v2/${repository}/manifests/${tag}`
    const answers = await Promise.all(this.#awake().map((other) => this.#ask(other, path, "HEAD")))
    const tags = answers.flatMap((answer): RemoteTag[] => {
      const digest = answer?.headers.get("docker-content-digest")
      return digest ? [{ digest, pushedAtMs: Number(answer?.headers.get(pushedAtHeader) ?? 0) }] : []
    })
    return tags.toSorted((one, other) => other.pushedAtMs - one.pushedAtMs)[0]
  }

  /** The answer of the first that has it. What is named by its digest is the same wherever it is. */
  async first(path: string): Promise<Response | undefined> {
    for (const other of this.#awake()) {
      const answer = await this.#ask(other, path, "GET")
      if (answer) return answer
    }
    return undefined
  }

  #awake(): readonly OtherRegistry[] {
    const now = this.#clock.monotonic()
    return this.#list().filter(({ name }) => (this.#silentUntilMs.get(name) ?? 0) <= now)
  }

  async #ask(other: OtherRegistry, path: string, method: "GET" | "HEAD"): Promise<Response | undefined> {
    const late = new AbortController()
    const timer = this.#clock.timer(answerMsMax, () => late.abort())
    try {
      const answer = await other.ask(path, { method, signal: late.signal })
      if (answer.ok) return answer
      await answer.body?.cancel()
    } catch {
      this.#silentUntilMs.set(other.name, this.#clock.monotonic() + passedOverMs)
    } finally {
      timer.cancel()
    }
    return undefined
  }
}
