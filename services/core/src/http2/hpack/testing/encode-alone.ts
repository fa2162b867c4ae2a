import { HeaderEncoder } from "../encoder.ts"

/** A block that says the same on every connection: it uses no table, and unless a field comes twice it fills none. */
export function encodeAlone(headers: readonly string[]): Buffer {
  return Buffer.from(new HeaderEncoder().encode(headers))
}
