import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto"
import { type Transformer, UnreadableValueError } from "./transformer.ts"

/** A key that wraps data keys; its name is written into every value, so that it is found again. */
export interface WrappingKey {
  readonly name: string
  /** 32 bytes. */
  readonly secret: Uint8Array
}

const algorithm = "aes-256-gcm"
const prefix = Buffer.from("wick:enc:aesgcm:v1:")
/** What values encrypted by any scheme begin with: plain values are JSON and begin with a brace. */
const encryptedMarks = [Buffer.from("wick:enc:"), Buffer.from("k8s:enc:")]
const nonceBytes = 12
const tagBytes = 16
const dataKeyBytes = 32
const wrappedBytes = nonceBytes + dataKeyBytes + tagBytes
/** Random nonces of one key may meet after some 2^32 values; a new data key comes long before. */
const valuesPerDataKeyMax = 1_000_000
/** One per start of the server that wrote: the oldest of more are unwrapped again when they are met. */
const openedDataKeysMax = 1_000

interface DataKey {
  readonly wrapping: string
  readonly plain: Buffer
  readonly wrapped: Buffer
}

/**
 * Seals values with AES-256-GCM under a data key that lives as long as the process; the data key itself stands in each
 * value, wrapped by the first of the ring's keys. The others open what was sealed before them. The storage key is
 * authenticated with the value: what was moved to another key does not open there.
 */
export class KeyRing implements Transformer {
  readonly #own: readonly WrappingKey[]
  readonly #shared: () => readonly WrappingKey[]
  #seen: readonly WrappingKey[] = []
  #keys: ReadonlyMap<string, WrappingKey>
  #first: WrappingKey
  readonly #opened = new Map<string, Buffer>()
  #current: DataKey | undefined
  #sealed = 0

  /** `shared`: keys that may come while this is in use, newest first, of which the newest seals from then on. */
  constructor(keys: readonly WrappingKey[], shared: () => readonly WrappingKey[] = () => []) {
    const [first] = keys
    if (!first) throw new Error("a key ring needs at least one key")
    this.#own = keys
    this.#shared = shared
    this.#first = first
    this.#keys = new Map(keys.map((key) => [key.name, key]))
  }

  knows(value: Uint8Array): boolean {
    return startsWith(value, prefix)
  }

  seal(storageKey: string, plain: Uint8Array): Uint8Array {
    this.#refresh()
    const { wrapping, plain: dataKey, wrapped } = this.#dataKey()
    return Buffer.concat([
      prefix,
      Buffer.from(`${wrapping}:`),
      wrapped,
      encrypt(dataKey, plain, associated(storageKey)),
    ])
  }

  open(storageKey: string, value: Uint8Array): Uint8Array {
    this.#refresh()
    const { name, body } = this.#split(storageKey, value)
    const dataKey = this.#unwrap(storageKey, name, body.subarray(0, wrappedBytes))
    const plain = decrypt(dataKey, body.subarray(wrappedBytes), associated(storageKey))
    if (plain) return plain
    throw new UnreadableValueError(
      `unable to read ${storageKey}: it is damaged or was written for another key of the store (encryption key "${name}")`,
    )
  }

  /** Whether the value is sealed under the key that seals now. */
  isCurrent(value: Uint8Array): boolean {
    this.#refresh()
    return startsWith(value, Buffer.concat([prefix, Buffer.from(`${this.#first.name}:`)]))
  }

  #refresh(): void {
    const shared = this.#shared()
    if (shared === this.#seen || shared.length === 0) return
    this.#seen = shared
    this.#keys = new Map([...shared, ...this.#own].map((key) => [key.name, key]))
    const [newest = this.#first] = shared
    if (newest.name !== this.#first.name) this.#current = undefined
    this.#first = newest
  }

  #dataKey(): DataKey {
    if (this.#current && this.#sealed < valuesPerDataKeyMax) {
      this.#sealed += 1
      return this.#current
    }
    const { name, secret } = this.#first
    const plain = randomBytes(dataKeyBytes)
    this.#current = { wrapping: name, plain, wrapped: encrypt(secret, plain, wrapContext(name)) }
    this.#sealed = 1
    return this.#current
  }

  #split(storageKey: string, value: Uint8Array): { name: string; body: Buffer } {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    const colon = startsWith(bytes, prefix) ? bytes.indexOf(":", prefix.length) : -1
    if (colon < 0) {
      throw new UnreadableValueError(
        `unable to read ${storageKey}: no matching prefix found; it is not sealed by aesgcm`,
      )
    }
    const body = bytes.subarray(colon + 1)
    if (body.length < wrappedBytes + nonceBytes + tagBytes) {
      throw new UnreadableValueError(`unable to read ${storageKey}: the sealed value is cut short`)
    }
    return { name: bytes.toString("utf8", prefix.length, colon), body }
  }

  #unwrap(storageKey: string, name: string, wrapped: Buffer): Buffer {
    const id = `${name}:${wrapped.toString("latin1")}`
    const known = this.#opened.get(id)
    if (known) return known
    const key = this.#keys.get(name)
    if (!key) {
      const names = [...this.#keys.keys()].map((each) => JSON.stringify(each)).join(", ")
      throw new UnreadableValueError(
        `unable to read ${storageKey}: it is sealed under encryption key "${name}", and the configuration has only ${names}`,
      )
    }
    const plain = decrypt(key.secret, wrapped, wrapContext(name))
    if (!plain) {
      throw new UnreadableValueError(
        `unable to read ${storageKey}: encryption key "${name}" of the configuration is not the one that sealed it`,
      )
    }
    if (this.#opened.size >= openedDataKeysMax) this.#opened.delete(this.#opened.keys().next().value ?? "")
    this.#opened.set(id, plain)
    return plain
  }
}

export function isEncrypted(value: Uint8Array): boolean {
  return encryptedMarks.some((mark) => startsWith(value, mark))
}

function associated(storageKey: string): Buffer {
  return Buffer.from(storageKey, "latin1")
}

function wrapContext(name: string): Buffer {
  return Buffer.from(`data key of ${name}`)
}

function encrypt(key: Uint8Array, plain: Uint8Array, context: Buffer): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(context)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: Uint8Array, sealed: Buffer, context: Buffer): Buffer | undefined {
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(context).setAuthTag(sealed.subarray(-tagBytes))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()])
  } catch {
    return undefined
  }
}

function startsWith(value: Uint8Array, mark: Uint8Array): boolean {
  return value.length >= mark.length && mark.every((byte, at) => value[at] === byte)
}
