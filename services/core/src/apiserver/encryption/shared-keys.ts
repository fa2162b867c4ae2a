import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto"
import * as z from "zod"
import type { MemberStorage } from "#store"
import type { WrappingKey } from "./key-ring.ts"

/** Keys that all hosts of a cluster know. */
export interface SharedKeys {
  /** Newest first; the same array until there is another. */
  latest(): readonly WrappingKey[]
  /** Makes a key known to all, before anything is sealed under it. */
  add(key: WrappingKey): Promise<void>
}

const noteName = "wick/encryption-keys"
const algorithm = "aes-256-gcm"
const nonceSize = 12
const tagSize = 16
/** Older ones are in no use: who made the newest has re-encrypted everything before the next can be made. */
const keysMax = 3
/** Hosts that make a key at the same moment. */
const attemptsMax = 5
const schema = z.array(z.object({ name: z.string(), secret: z.string() }))
const none: readonly WrappingKey[] = []

type Notes = Pick<MemberStorage, "note" | "setNote">

/**
 * Keys as a note of the store, sealed under a secret that each control-plane host has and the store has not. The note is in
 * the log before whatever is sealed under its keys, so a host that holds such a value holds the key too: nobody has to
 * be asked, and none who is away for a while is too late.
 */
export function keysInStore(notes: Notes, secret: Uint8Array): SharedKeys {
  let seen = { version: -1, keys: none }
  const latest = (): readonly WrappingKey[] => {
    const { version, value } = notes.note(noteName)
    if (version !== seen.version) seen = { version, keys: value.length === 0 ? none : (opened(value, secret) ?? none) }
    return seen.keys
  }
  const add = async (key: WrappingKey): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      const { version } = notes.note(noteName)
      const keys = [key, ...latest()].slice(0, keysMax)
      try {
        return await notes.setNote(noteName, sealed(keys, secret), version)
      } catch (error) {
        if (attempt >= attemptsMax || notes.note(noteName).version === version) throw error
      }
    }
  }
  return { latest, add }
}

function sealed(keys: readonly WrappingKey[], secret: Uint8Array): Buffer {
  const plain = keys.map(({ name, secret: bytes }) => ({ name, secret: Buffer.from(bytes).toString("base64") }))
  const nonce = randomBytes(nonceSize)
  const cipher = createCipheriv(algorithm, secret, nonce).setAAD(Buffer.from(noteName))
  return Buffer.concat([nonce, cipher.update(JSON.stringify(plain)), cipher.final(), cipher.getAuthTag()])
}

/** Undefined: sealed by the hosts of another cluster, of which this store is a copy without its keys. */
function opened(value: Uint8Array, secret: Uint8Array): readonly WrappingKey[] | undefined {
  const bytes = Buffer.from(value)
  const decipher = createDecipheriv(algorithm, secret, bytes.subarray(0, nonceSize), { authTagLength: tagSize })
  decipher.setAAD(Buffer.from(noteName)).setAuthTag(bytes.subarray(-tagSize))
  try {
    const plain = Buffer.concat([decipher.update(bytes.subarray(nonceSize, -tagSize)), decipher.final()])
    return schema.parse(JSON.parse(plain.toString())).map(({ name, secret: text }) => ({
      name,
      secret: Buffer.from(text, "base64"),
    }))
  } catch {
    return undefined
  }
}
