import { type AnyObject, StatusError } from "@wick/sdk/api"
import { SharedObject } from "@wick/sdk/client"
import type { ValueReader } from "#store"
import { encodeStored, parseObject, withResourceVersion } from "./object-bytes.ts"
import type { RecentTexts } from "./recent-texts.ts"
import { type Indexed, indexOf, type Texts } from "./selection.ts"
import type { ServedResource } from "./served-resource.ts"
import type { WarmObjects } from "./warm-objects.ts"

/** What the entries of a resource are made of. */
export interface Origin {
  readonly resource: ServedResource
  readonly recent?: RecentTexts
  /** Where the store reads values at once: bytes are kept only as long as they are asked for. */
  readonly again?: { readonly read: ValueReader; readonly warm: WarmObjects }
}

/**
 * An object as it is served: whole bytes, and what selectors look at. Where the store can be asked at once, bytes that
 * nobody has asked for lately are read again when somebody does: an object that rests costs what is selected by.
 */
export class Entry extends SharedObject implements Indexed {
  readonly key: string
  readonly revision: number
  readonly namespace: string
  readonly name: string
  readonly labels: Texts
  readonly fields: Texts
  /** Of the bytes as they are served. */
  readonly size: number
  readonly #origin: Origin
  /** What the store holds, where the present schema shows it differently: the next schema may show it as it is. */
  readonly #stored: Uint8Array | undefined
  readonly #differs: boolean
  #bytes: Buffer | undefined
  /** Kept as long as the bytes are. As it was read, until somebody has asked for it. */
  #object: AnyObject | undefined
  /** Who has it still goes on having the only one. */
  #shared: WeakRef<AnyObject> | undefined
  #used = false

  constructor(origin: Origin, key: string, revision: number, read: Read, { namespace, name, labels, fields }: Indexed) {
    super()
    const { again } = origin
    this.key = key
    this.revision = revision
    this.namespace = namespace
    this.name = name
    this.labels = labels
    this.fields = fields
    this.size = read.bytes.length
    this.#origin = origin
    this.#differs = read.differs
    this.#stored = read.differs && !again ? read.stored : undefined
    this.#bytes = read.bytes
    if (again) this.#object = read.object
    again?.warm.add(this)
  }

  get resourceVersion(): string {
    return String(this.revision)
  }

  object(): AnyObject {
    this.#used = true
    const known = this.#shared?.deref()
    if (known) return known
    const object = shareable(this.#object ?? parseObject(this.bytes), this.revision)
    if (this.#origin.again) this.#object = object
    this.#shared = new WeakRef(object)
    return object
  }

  remains(): AnyObject {
    const { name, namespace, labels } = this
    const { apiVersion, kind } = this.#origin.resource
    return {
      apiVersion,
      kind,
      metadata: { name, namespace, labels, resourceVersion: this.resourceVersion },
    } as AnyObject
  }

  get bytes(): Buffer {
    this.#used = true
    return this.#bytes ?? this.#readAgain()
  }

  /** As the store holds it. Undefined: it was written again, and is forgotten. */
  stored(): Uint8Array | undefined {
    const { again } = this.#origin
    if (again) return again.read(this.key, this.revision)
    return this.#stored ?? encodeStored(parseObject(this.bytes))
  }

  wasUsed(): boolean {
    const was = this.#used
    this.#used = false
    return was
  }

  cool(): void {
    this.#bytes = undefined
    this.#object = undefined
  }

  #readAgain(): Buffer {
    const stored = this.stored()
    // Only who holds on to an object for minutes after it was written again meets this: it is as if his list had expired.
    if (!stored) throw new StatusError("Expired", `too old resource version: ${this.revision}`)
    const bytes = this.#differs
      ? readObject(this.#origin.resource, stored, this.revision).bytes
      : withResourceVersion(stored, this.revision)
    this.#bytes = bytes
    this.#origin.again?.warm.add(this)
    return bytes
  }
}

/** As all may have it who change nothing of it. */
function shareable(object: AnyObject, revision: number): AnyObject {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata: { ...metadata, resourceVersion: String(revision) } } as AnyObject
}

interface Read {
  /** What the bytes say. */
  readonly object?: AnyObject
  readonly bytes: Buffer
  readonly stored: Uint8Array
  readonly differs: boolean
}

/** `like`: an entry that this one is likely to have much in common with, such as the one before it. */
export function entryOf(origin: Origin, key: string, stored: Uint8Array, revision: number, like?: Entry): Entry {
  const read = readObject(origin.resource, stored, revision)
  return new Entry(origin, key, revision, read, indexOf(origin.resource, read.object, like, origin.recent))
}

function readObject(resource: ServedResource, stored: Uint8Array, revision: number) {
  const object = parseObject(stored)
  const differs = resource.conform?.(object) === true
  const bytes = withResourceVersion(differs ? encodeStored(object) : stored, revision)
  return { object, stored, differs, bytes }
}
