import { randomBytes, randomUUID } from "node:crypto"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { KmsError, type Transformer, UnreadableValueError } from "../transformer.ts"
import { mistakeOfStatus, mistakeOfWrapped } from "./answer-check.ts"
import type { Wrapped } from "./messages.ts"
import { decodeSealed, encodeSealed, openWith, type SealedValue, sealWith } from "./sealed-value.ts"
import type { KmsService } from "./service.ts"

/** Kubernetes asks a provider that is well once a minute, and one that is not every ten seconds. */
const wellPauseMs = 60_000
const unwellPauseMs = 10_000
/** Nothing is written under a key that the provider has not vouched for this long: it may have been taken back. */
const writableMs = 3 * 60_000
/** A server that starts before its provider waits for it this long, and asks this often. */
const startWaitMs = 30_000
const startPauseMs = 500
/** Seeds that lie open in memory: one or two for each key that values are still sealed under. */
const openSeedsMax = 1_000
const seedBytes = 32

export interface KmsProviderOptions {
  readonly name: string
  readonly service: KmsService
  readonly clock: Clock
  readonly log: Log
}

interface CurrentSeed {
  readonly wrapped: Wrapped
  readonly plain: Buffer
}

/**
 * Seals values under a seed that only the provider can open. The seed itself lies open in memory while the server runs,
 * so reading asks the provider once for each seed, and writing never: it does so when its key is another.
 */
export class KmsProvider implements Transformer {
  readonly name: string
  readonly #prefix: Buffer
  readonly #options: KmsProviderOptions
  readonly #open = new Map<string, Buffer>()
  readonly #opening = new Map<string, Promise<void>>()
  #current: CurrentSeed | undefined
  #keyId = ""
  #failure: string | undefined
  #writableUntilMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #isClosed = false
  #rotated: () => void = () => undefined

  constructor(options: KmsProviderOptions) {
    this.name = options.name
    this.#options = options
    this.#prefix = Buffer.from(`k8s:enc:kms:v2:${options.name}:`)
  }

  /** Resolves when the provider says that it is well; throws when it does not for too long. */
  async start(): Promise<void> {
    const { clock } = this.#options
    const endMs = clock.monotonic() + startWaitMs
    for (;;) {
      await this.#askStatus()
      if (this.#failure === undefined) return
      if (clock.monotonic() >= endMs) throw new KmsError(`kms provider "${this.name}": ${this.#failure}`)
      await clock.sleep(startPauseMs)
    }
  }

  /** From now on the provider is asked how it is, at Kubernetes' pace; `rotated` is told when its key is another. */
  watch(rotated: () => void): void {
    this.#rotated = rotated
    this.#schedule()
  }

  get isWell(): boolean {
    return this.#failure === undefined
  }

  knows(value: Uint8Array): boolean {
    return value.length >= this.#prefix.length && this.#prefix.every((byte, at) => value[at] === byte)
  }

  isCurrent(value: Uint8Array): boolean {
    return this.knows(value) && this.#decoded(value)?.seed.keyId === this.#keyId
  }

  async prepareSealing(): Promise<void> {
    if (this.#current?.wrapped.keyId !== this.#keyId) await this.#makeSeed()
  }

  seal(storageKey: string, plain: Uint8Array): Uint8Array {
    const current = this.#current
    if (!current || this.#options.clock.monotonic() > this.#writableUntilMs) {
      throw new StatusError(
        "ServiceUnavailable",
        `encryption at rest: kms provider "${this.name}" has not been well for ${writableMs / 60_000} minutes, so nothing can be written under its key: ${this.#failure ?? "no answer"}`,
        { retryAfterSeconds: unwellPauseMs / 1000 },
      )
    }
    const data = sealWith(current.plain, plain, Buffer.from(storageKey, "latin1"))
    return Buffer.concat([this.#prefix, encodeSealed({ data, seed: current.wrapped })])
  }

  prepareOpening(values: readonly Uint8Array[]): Promise<void> | undefined {
    const needed: Promise<void>[] = []
    for (const value of values) {
      const seed = this.knows(value) ? this.#decoded(value)?.seed : undefined
      if (seed && !this.#open.has(idOf(seed))) needed.push(this.#openSeed(seed))
    }
    return needed.length === 0 ? undefined : Promise.all(needed).then(() => undefined)
  }

  open(storageKey: string, value: Uint8Array): Uint8Array {
    const sealed = this.#decoded(value)
    if (!sealed) throw unreadable(storageKey, "it is damaged, or sealed in a way that nobody here knows")
    const seed = this.#open.get(idOf(sealed.seed))
    if (!seed) throw unreadable(storageKey, `kms provider "${this.name}" has not opened its seed`)
    const plain = openWith(seed, sealed.data, Buffer.from(storageKey, "latin1"))
    if (plain) return plain
    throw unreadable(storageKey, `it is damaged or was written for another key of the store (kms "${this.name}")`)
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#options.service.close()
  }

  #decoded(value: Uint8Array): SealedValue | undefined {
    return decodeSealed(value.subarray(this.#prefix.length))
  }

  #schedule(): void {
    if (this.#isClosed) return
    const pauseMs = this.isWell ? wellPauseMs : unwellPauseMs
    this.#timer = this.#options.clock.timer(pauseMs, () => void this.#look().then(() => this.#schedule()))
  }

  async #look(): Promise<void> {
    await this.#askStatus()
    if (this.#failure !== undefined || this.#current?.wrapped.keyId === this.#keyId) return
    try {
      await this.#makeSeed()
      this.#options.log.info("kms provider has another key", { name: this.name })
      this.#rotated()
    } catch (error) {
      this.#fail((error as Error).message)
    }
  }

  async #askStatus(): Promise<void> {
    try {
      const status = await this.#options.service.status()
      const mistake = mistakeOfStatus(status)
      if (mistake) return this.#fail(mistake)
      this.#keyId = status.keyId
      // A key that another has taken the place of is not written under for longer than it takes to change over.
      if (!this.#current || this.#current.wrapped.keyId === status.keyId) this.#vouched()
      this.#failure = undefined
    } catch (error) {
      this.#fail((error as Error).message)
    }
  }

  #vouched(): void {
    this.#writableUntilMs = this.#options.clock.monotonic() + writableMs
  }

  #fail(because: string): void {
    if (this.#failure === undefined) {
      this.#options.log.warn("kms provider is not well", { name: this.name, because })
    }
    this.#failure = because
  }

  async #makeSeed(): Promise<void> {
    const plain = randomBytes(seedBytes)
    const wrapped = await this.#options.service.encrypt(plain, randomUUID()).catch((error: Error) => {
      throw new KmsError(`kms provider "${this.name}": ${error.message}`)
    })
    const mistake = mistakeOfWrapped(wrapped, this.#keyId)
    if (mistake) throw new KmsError(`kms provider "${this.name}": ${mistake}`)
    this.#keep(wrapped, plain)
    this.#current = { wrapped, plain }
    this.#vouched()
  }

  #openSeed(wrapped: Wrapped): Promise<void> {
    const id = idOf(wrapped)
    const already = this.#opening.get(id)
    if (already) return already
    const { service } = this.#options
    const opening = service
      .decrypt(wrapped, randomUUID())
      .catch((error: Error) => {
        throw new StatusError(
          "InternalError",
          `encryption at rest: kms provider "${this.name}" does not open the key of a stored value: ${error.message}`,
        )
      })
      .then((plain) => {
        this.#keep(wrapped, plain)
        // One seed of a key is enough: a server that starts goes on with the one that it meets.
        if (!this.#current && wrapped.keyId === this.#keyId) this.#current = { wrapped, plain }
      })
      .finally(() => this.#opening.delete(id))
    this.#opening.set(id, opening)
    return opening
  }

  #keep(wrapped: Wrapped, plain: Buffer): void {
    const [oldest] = this.#open.keys()
    if (this.#open.size >= openSeedsMax && oldest !== undefined) this.#open.delete(oldest)
    this.#open.set(idOf(wrapped), plain)
  }
}

function idOf({ keyId, ciphertext }: Wrapped): string {
  return `${keyId}\0${ciphertext.toString("latin1")}`
}

function unreadable(storageKey: string, because: string): UnreadableValueError {
  return new UnreadableValueError(`unable to read ${storageKey}: ${because}`)
}
