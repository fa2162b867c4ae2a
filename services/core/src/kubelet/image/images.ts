import type { Clock } from "@wick/sdk/clock"
import { type Backoff, tried } from "../container/backoff.ts"
import type { Waiting } from "../container/container-status.ts"
import type { Credentials, ImageRecord, Runtime } from "../runtime/runtime.ts"
import { isImageName, pullPolicy } from "./image-name.ts"
import { SharedPull } from "./shared-pull.ts"

/** Why an image cannot be had now; `retryAtMs` is when to try again. */
export class ImageProblem extends Error {
  override name = "ImageProblem"
  readonly waiting: Waiting
  readonly retryAtMs: number
  /** Whether a pull was tried just now: the first telling of it, not a wait. */
  readonly fresh: boolean
  readonly image: string

  constructor(image: string, reason: string, message: string, retryAtMs: number, fresh: boolean) {
    super(message)
    this.image = image
    this.waiting = { reason, message }
    this.retryAtMs = retryAtMs
    this.fresh = fresh
  }
}

export interface ImageWish {
  readonly image: string
  /** Uid of the pod that wants it: who waits after a failure is the pod, not the others that want the same. */
  readonly podUid: string
  readonly policy: string | undefined
  /** Asked for only when a pull is needed; each is tried until one is let in. */
  readonly credentials: () => Promise<readonly Credentials[]>
  readonly onPull: (news: { kind: "pulling" } | { kind: "pulled"; tookMs: number; bytes: number }) => void
  readonly signal: AbortSignal
}

/** A wrong name can only be mended by a change of the pod. */
const wrongNameRetryMs = 300_000
/** A failure is told as such for this long; then the status says that the pod waits for the next try. */
const freshMs = 1_000
/** Pulls at once: a registry and a disk have only so much. */
const pullsMax = 8

interface Failure {
  readonly backoff: Backoff
  readonly failedAtMs: number
  readonly error: unknown
}

/**
 * Images of this node: present, being pulled (once for all who show the same credentials), or failing, for one pod, and
 * left alone by it for a while: ErrImagePull when a pull has failed, ImagePullBackOff until the next one.
 */
export class Images {
  readonly #runtime: Runtime
  readonly #clock: Clock
  readonly #pulls = new Map<string, SharedPull<ImageRecord>>()
  /** By pod, then by image. */
  readonly #failures = new Map<string, Map<string, Failure>>()
  #running = 0
  readonly #queue: (() => void)[] = []

  constructor(runtime: Runtime, clock: Clock) {
    this.#runtime = runtime
    this.#clock = clock
  }

  /** The image, pulled if the policy wants it. Throws `ImageProblem`. */
  async ensure(wish: ImageWish): Promise<ImageRecord> {
    const { image } = wish
    if (!isImageName(image)) {
      const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`
      throw new ImageProblem(image, "InvalidImageName", message, this.#clock.now() + wrongNameRetryMs, true)
    }
    const policy = pullPolicy(image, wish.policy)
    const present = policy === "Always" ? undefined : await this.#runtime.image(image)
    if (present) return present
    if (policy === "Never") {
      const message = `Container image "${image}" is not present with pull policy of Never`
      throw new ImageProblem(image, "ErrImageNeverPull", message, this.#clock.now() + wrongNameRetryMs, true)
    }
    this.#refuseTooSoon(wish)
    const credentials = await wish.credentials()
    try {
      const record = await this.#shared(wish, credentials).wait(wish.signal)
      this.#failures.get(wish.podUid)?.delete(image)
      return record
    } catch (error) {
      if (wish.signal.aborted) throw error
      throw this.#failed(wish, error)
    }
  }

  /** The pod is gone, and its failures with it. */
  forget(podUid: string): void {
    this.#failures.delete(podUid)
  }

  #shared(wish: ImageWish, credentials: readonly Credentials[]): SharedPull<ImageRecord> {
    const key = JSON.stringify([wish.image, credentials])
    const running = this.#pulls.get(key)
    if (running && !running.givenUp) return running
    const pull = new SharedPull((signal) =>
      this.#pull(wish, credentials, signal).finally(() => {
        if (this.#pulls.get(key) === pull) this.#pulls.delete(key)
      }),
    )
    this.#pulls.set(key, pull)
    return pull
  }

  #refuseTooSoon({ image, podUid }: ImageWish): void {
    const failure = this.#failures.get(podUid)?.get(image)
    if (!failure) return
    const untilMs = failure.failedAtMs + failure.backoff.delayMs
    if (untilMs <= this.#clock.now()) return
    const message = `Back-off pulling image "${image}": ErrImagePull: ${messageOf(failure.error)}`
    throw new ImageProblem(image, "ImagePullBackOff", message, untilMs, false)
  }

  async #pull(wish: ImageWish, credentials: readonly Credentials[], signal: AbortSignal): Promise<ImageRecord> {
    const { image } = wish
    await this.#slot()
    const beganAt = this.#clock.monotonic()
    try {
      wish.onPull({ kind: "pulling" })
      const id = await pullWithAny(this.#runtime, { image, credentials: async () => credentials, signal })
      const record = (await this.#runtime.image(id)) ?? (await this.#runtime.image(image))
      if (!record) throw new Error(`image "${image}" was pulled and is not there`)
      wish.onPull({ kind: "pulled", tookMs: this.#clock.monotonic() - beganAt, bytes: record.bytes })
      return record
    } finally {
      this.#running -= 1
      this.#queue.shift()?.()
    }
  }

  #failed({ image, podUid }: ImageWish, error: unknown): ImageProblem {
    const nowMs = this.#clock.now()
    const failures = this.#failures.get(podUid) ?? new Map<string, Failure>()
    const before = failures.get(image)
    // Several containers of a pod may have waited for the same pull: it has failed once.
    if (before?.error !== error) {
      const backoff = tried(before?.backoff, before?.failedAtMs ?? nowMs, nowMs)
      failures.set(image, { backoff, failedAtMs: nowMs, error })
      this.#failures.set(podUid, failures)
    }
    return new ImageProblem(image, "ErrImagePull", messageOf(error), nowMs + freshMs, true)
  }

  async #slot(): Promise<void> {
    this.#running += 1
    if (this.#running > pullsMax) await new Promise<void>((resolve) => this.#queue.push(resolve))
  }
}

/** Without credentials where there are none; else the last refusal is told. */
export async function pullWithAny(
  runtime: Runtime,
  { image, credentials, signal }: Pick<ImageWish, "image" | "credentials" | "signal">,
): Promise<string> {
  const all = await credentials()
  let refusal: unknown
  for (const shown of all.length > 0 ? all : [undefined]) {
    try {
      return await runtime.pullImage(image, shown, signal)
    } catch (error) {
      if (signal.aborted) throw error
      refusal = error
    }
  }
  throw refusal
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
