import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void

/** Bytes in use after what nobody needs is gone. */
export function inUse(): number {
  collectGarbage()
  const { arrayBuffers, heapUsed, external } = process.memoryUsage()
  return Math.max(arrayBuffers, external) + heapUsed
}
