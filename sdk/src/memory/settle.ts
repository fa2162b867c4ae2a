import { performance } from "node:perf_hooks"
import { getHeapStatistics, setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import type { Clock } from "../clock/index.ts"
import { residentBytes } from "./resident-bytes.ts"
import { RestRule } from "./rest-rule.ts"

const lookMs = 30_000
/** Until the first time: starting leaves more than any busy time. */
const firstLookMs = 1_000

/**
 * Gives back the memory that starting, or a busy time, needed and rest does not: sources that were compiled, schemas that were
 * read, first lists that were parsed. V8 would find it only at its next full collection, which an idle process never has. Of the
 * kinds of collection it is the one of last resort: others keep the room that young objects had, and pages half empty.
 */
function settle(): void {
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as (options: object) => void
  collect({ type: "major", execution: "sync", flavor: "last-resort" })
  trimMalloc()
}

/**
 * What was freed and lies between what was not is given back by glibc only when it is told to: half of what the process
 * has, once images were pushed or a thousand Services made. Other libraries (musl) cannot be told.
 */
function trimMalloc(): void {
  const ffi = process.getBuiltinModule("node:ffi")
  try {
    const trim = ffi?.dlopen(null).lib.getFunction("malloc_trim", { arguments: ["u64"], return: "i32" })
    trim?.(0n)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_FFI_CALL_FAILED") throw error
  }
}

/**
 * Settles when the process rests for the first time after its start, and whenever it rests after a busy time that left it
 * larger. Not at once when it has started: a collection of everything would be one more thing that who waited for the start,
 * a call of a function at zero first of all, had to wait for.
 */
export function keepSettled(clock: Clock): void {
  const rule = new RestRule()
  let before = performance.eventLoopUtilization()
  const look = (): void => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    const resident = residentBytes()
    const heapBytes = getHeapStatistics().used_heap_size
    // Who has no file descriptor left does not rest.
    if (resident !== undefined && rule.look({ busy: utilization, residentBytes: resident, heapBytes })) {
      settle()
      rule.settled(residentBytes() ?? resident)
    }
    clock.timer(rule.everSettled ? lookMs : firstLookMs, look)
  }
  clock.timer(firstLookMs, look)
}
