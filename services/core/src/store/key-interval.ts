/**
 * Keys and intervals of keys, in etcd's byte order. A key is a *byte string*: one character per byte, so JavaScript's
 * own comparison of strings is the comparison of bytes.
 */
export interface KeyInterval {
  readonly key: string
  /** Absent: the one key. `"\0"`: no upper end. Else exclusive. */
  readonly end?: string | undefined
}

/** As `end`: every key from `key` on. */
export const noEnd = "\0"

/** Not a byte string: some character does not fit in a byte, and would be cut off without a word when written. */
const wide = /[^\0-\xff]/

export function isByteString(text: string): boolean {
  return !wide.test(text)
}

/** The byte string of a text: UTF-8, one character per byte. Equal to the text itself when it is ASCII. */
export function keyOfText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1")
}

export function contains(interval: KeyInterval, key: string): boolean {
  if (interval.end === undefined) return key === interval.key
  return key >= interval.key && (interval.end === noEnd || key < interval.end)
}

/**
 * The end of the interval of all keys that start with `prefix`: the prefix with its last byte that can be raised
 * raised by one. `/registry/pods/` → `/registry/pods0`; `a\xff` → `b`; nothing but `\xff` → no end.
 */
export function prefixEnd(prefix: string): string {
  for (let at = prefix.length - 1; at >= 0; at--) {
    const byte = prefix.charCodeAt(at)
    if (byte < 0xff) return prefix.slice(0, at) + String.fromCharCode(byte + 1)
  }
  return noEnd
}
