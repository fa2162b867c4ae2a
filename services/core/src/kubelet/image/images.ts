import type { Clock } from "@wick/sdk/clock"
import { type Backoff, tried, waitUntil } from "../container/backoff.ts"
import type { Waiting } from "../container/container-status.ts"
import type { Credentials, ImageRecord, Runtime } from "../runtime/runtime.ts"
import { isImageName, pullPolicy } from "./image-name.ts"

/** Why an image cannot be had now; `retryAtMs` is when to try again. */
export class ImageProblem extends Error {
  override name = "ImageProblem"
  readonly waiting: Waiting
  readonly retryAtMs: number
  /** Whether a pull was tried just now: the first telling of it, not a wait. */
  readonly fresh: boolean

  constructor(reason: string, message: string, retryAtMs: number, fresh: boolean) {
    super(message)
    this.waiting = { reason, message }
    this.retryAtMs = retryAtMs
    this.fresh = fresh
  }
}

export interface ImageWish {
  readonly image: string
  readonly policy: string | undefined
  /** Asked for only when a pull is needed; each is tried until one is let in. */
  readonly credentials: () => Promise<readonly Credentials[]>
  readonly onPull: (news: { kind: "pulling" } | { kind: "pulled"; tookMs: number; bytes: number }) => void
  readonly signal: AbortSignal
}

/** A wrong name can only be mended by a change of the pod. */
const wrongNameRetryMs = 300_000
/** Pulls at once: a registry and a disk have only so much. */
const pullsMax = 8

/** Images of this node: present, being pulled (once, whoever asks), or failing and left alone for a while. */
export class Images {
  readonly #runtime: Runtime
  readonly #clock: Clock
  readonly #pulls = new Map<string, Promise<ImageRecord>>()
  readonly #failures = new Map<string, { backoff: Backoff; failedAtMs: number; message: string }>()
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
      throw new ImageProblem("InvalidImageName", message, this.#clock.now() + wrongNameRetryMs, true)
    }
    const policy = pullPolicy(image, wish.policy)
    const present = policy === "Always" ? undefined : await this.#runtime.image(image)
    if (present) return present
    if (policy === "Never") {
      const message = `Container image "${image}" is not present with pull policy of Never`
      throw new ImageProblem("ErrImageNeverPull", message, this.#clock.now() + wrongNameRetryMs, true)
    }
    this.#refuseTooSoon(image)
    const running = this.#pulls.get(image)
    if (running) return running
    const pull = this.#pull(wish).finally(() => this.#pulls.delete(image))
    this.#pulls.set(image, pull)
    return pull
  }

  #refuseTooSoon(image: string): void {
    const failure = this.#failures.get(image)
    if (!failure) return
    const untilMs = failure.failedAtMs + failure.backoff.delayMs
    if (untilMs <= this.#clock.now()) return
    const message = `Back-off pulling image "${image}": ErrImagePull: ${failure.message}`
    throw new ImageProblem("ImagePullBackOff", message, untilMs, false)
  }

  async #pull(wish: ImageWish): Promise<ImageRecord> {
    const { image } = wish
    await this.#slot()
    const beganAt = this.#clock.monotonic()
    try {
      wish.onPull({ kind: "pulling" })
      const id = await pullWithAny(this.#runtime, wish)
      const record = (await this.#runtime.image(id)) ?? (await this.#runtime.image(image))
      if (!record) throw new Error(`image "${image}" was pulled and is not there`)
      this.#failures.delete(image)
      wish.onPull({ kind: "pulled", tookMs: this.#clock.monotonic() - beganAt, bytes: record.bytes })
      return record
    } catch (error) {
      if (wish.signal.aborted) throw error
      throw this.#failed(image, error)
    } finally {
      this.#running -= 1
      this.#queue.shift()?.()
    }
  }

  #failed(image: string, error: unknown): ImageProblem {
    const nowMs = this.#clock.now()
    const before = this.#failures.get(image)
    const message = error instanceof Error ? error.message : String(error)
    const backoff = tried(before?.backoff, before?.failedAtMs ?? nowMs, nowMs)
    this.#failures.set(image, { backoff, failedAtMs: nowMs, message })
    return new ImageProblem("ErrImagePull", message, waitUntil(backoff, nowMs, nowMs) ?? nowMs, true)
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
