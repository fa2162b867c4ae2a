import { createHmac, timingSafeEqual } from "node:crypto"

/** What a proof is of: good for this question alone. */
export interface Proven {
  readonly method: string
  /** Path and query. */
  readonly path: string
}

const scheme = "Wick"
/** Clocks of hosts differ; a proof that was overheard is worth nothing after this. */
const ageMsMax = 5 * 60_000

/** Value of the header `authorization`: `Wick <seconds> <mac>`. */
export function proofOf(key: Buffer, asked: Proven, nowMs: number): string {
  const seconds = String(Math.floor(nowMs / 1_000))
  return `${scheme} ${seconds} ${mac(key, asked, seconds).toString("base64url")}`
}

/** Whether whoever asks this has the key, and made the proof not long ago. */
export function isProven(key: Buffer, asked: Proven, header: string | undefined, nowMs: number): boolean {
  const [, seconds, given] = /^Wick (\d{1,12}) ([\w-]{43})$/.exec(header ?? "") ?? []
  if (seconds === undefined || given === undefined) return false
  if (Math.abs(nowMs - Number(seconds) * 1_000) > ageMsMax) return false
  return timingSafeEqual(Buffer.from(given, "base64url"), mac(key, asked, seconds))
}

/** No part can hold a line break, so no two questions have one text. */
function mac(key: Buffer, { method, path }: Proven, seconds: string): Buffer {
  return createHmac("sha256", key).update(`${seconds}\n${method}\n${path}`).digest()
}
