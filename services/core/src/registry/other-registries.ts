import type { Clock } from "@wick/sdk/clock"
import type { TagMark } from "./manifest-store.ts"

/** The registry of another host of the cluster: what it has itself, and no more. */
export interface OtherRegistry {
  readonly name: string
  /** `path` as in the specification: `/v2/…`. Resolves with the head of the answer; rejects when there is none. */
  ask(path: string, init: { readonly method: Method; readonly signal: AbortSignal }): Promise<Response>
}

/** What is only told is posted: a host reads for itself what it is told of. */
type Method = "GET" | "HEAD" | "POST"

/** When a tag was pushed, or removed, in milliseconds: of two hosts that know of it the later one is right. */
export const pushedAtHeader = "wick-pushed-at"

/** A host that has not begun to answer by then is gone, frozen or cut off. */
const answerMsMax = 1_000
/** Nobody waits for such a one again for so long. */
const passedOverMs = 10_000
/** But where nobody else has what is asked for, it may only be busy: to say that there is none would fail what needs it. */
const lateAnswerMsMax = 5_000

/**
 * The registries of the cluster's other hosts. One that is silent costs a second, once in a while, and no error; more only
 * where nobody else has what is wanted.
 */
export class OtherRegistries {
  readonly #list: () => readonly OtherRegistry[]
  readonly #clock: Clock
  readonly #silentUntilMs = new Map<string, number>()

  constructor(list: () => readonly OtherRegistry[], clock: Clock) {
    this.#list = list
    this.#clock = clock
  }

  /** The tag as it was pushed last, among those who answer; among the silent too where it `mustBe` and none of these know it. */
  async newest(repository: string, tag: string, mustBe = false): Promise<TagMark | undefined> {
    const path = `/v2/${repository}/manifests/${tag}`
    const told = async (others: readonly OtherRegistry[], withinMs: number): Promise<TagMark | undefined> => {
      const answers = await Promise.all(others.map((other) => this.#ask(other, path, "HEAD", withinMs)))
      const marks = answers.flatMap((answer): TagMark[] => {
        const digest = answer?.ok ? (answer.headers.get("docker-content-digest") ?? undefined) : undefined
        const at = answer?.headers.get(pushedAtHeader)
        return digest !== undefined || at ? [{ digest, atMs: Number(at ?? 0) }] : []
      })
      return marks.toSorted((one, other) => other.atMs - one.atMs)[0]
    }
    const newest = await told(this.#awake(), answerMsMax)
    return newest ?? (mustBe ? told(this.#silent(), lateAnswerMsMax) : undefined)
  }

  /** The answer of the first that has it. What is named by its digest is the same wherever it is. */
  async first(path: string): Promise<Response | undefined> {
    return (
      (await this.#firstOf(this.#awake(), path, answerMsMax)) ??
      (await this.#firstOf(this.#silent(), path, lateAnswerMsMax))
    )
  }

  names(): string[] {
    return this.#list().map(({ name }) => name)
  }

  /** Whether the host has heard it; one that is no member any more need not. */
  async tell(name: string, path: string): Promise<boolean> {
    const other = this.#list().find((one) => one.name === name)
    if (!other) return true
    const answer = await this.#ask(other, path, "POST")
    await answer?.body?.cancel()
    return answer?.ok ?? false
  }

  /** Every tag that the host has, as `[repository, tag]`; undefined when it does not say. */
  async tagsOf(name: string): Promise<[repository: string, tag: string][] | undefined> {
    const other = this.#list().find((one) => one.name === name)
    if (!other) return []
    const catalog = await this.#read<{ repositories: string[] }>(other, "/v2/_catalog")
    if (!catalog) return undefined
    const found: [string, string][] = []
    for (const repository of catalog.repositories) {
      // A repository of which all tags were removed is not known.
      const tags = (await this.#read<{ tags: string[] }>(other, `/v2/${repository}/tags/list`))?.tags ?? []
      for (const tag of tags) found.push([repository, tag])
    }
    return found
  }

  async #read<Body>(other: OtherRegistry, path: string): Promise<Body | undefined> {
    const answer = await this.#ask(other, path, "GET")
    if (answer?.ok) return (await answer.json()) as Body
    await answer?.body?.cancel()
    return undefined
  }

  async #firstOf(others: readonly OtherRegistry[], path: string, withinMs: number): Promise<Response | undefined> {
    for (const other of others) {
      const answer = await this.#ask(other, path, "GET", withinMs)
      if (answer?.ok) return answer
      await answer?.body?.cancel()
    }
    return undefined
  }

  #awake(): readonly OtherRegistry[] {
    return this.#list().filter(({ name }) => !this.#isSilent(name))
  }

  #silent(): readonly OtherRegistry[] {
    return this.#list().filter(({ name }) => this.#isSilent(name))
  }

  #isSilent(name: string): boolean {
    return (this.#silentUntilMs.get(name) ?? 0) > this.#clock.monotonic()
  }

  /** Undefined: there was no answer, or only that it cannot tell now. */
  async #ask(
    other: OtherRegistry,
    path: string,
    method: Method,
    withinMs = answerMsMax,
  ): Promise<Response | undefined> {
    const late = new AbortController()
    const timer = this.#clock.timer(withinMs, () => late.abort())
    try {
      const answer = await other.ask(path, { method, signal: late.signal })
      if (!cannotTell(answer)) {
        this.#silentUntilMs.delete(other.name)
        return answer
      }
      await answer.body?.cancel()
    } catch {
      // It is as silent as one that answers too late.
    } finally {
      timer.cancel()
    }
    this.#silentUntilMs.set(other.name, this.#clock.monotonic() + passedOverMs)
    return undefined
  }
}

/** Whether it says that it failed or is too busy, which is not the same as having none (RFC 9110, 15.6; RFC 6585, 4). */
function cannotTell({ status }: Response): boolean {
  return status >= 500 || status === 429
}
