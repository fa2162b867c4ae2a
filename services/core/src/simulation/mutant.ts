import { registerHooks } from "node:module"
import { parentPort, workerData } from "node:worker_threads"
import { mutate, mutations } from "./mutation.ts"
import { outsideOfPromises } from "./timeline.ts"

/** A thread whose modules are its own, one of them changed: runs worlds until one fails, and tells its seed. */
export interface Mutant {
  readonly mutation: string
  readonly seeds: number
}

export interface Found {
  /** Undefined: in no world of these. */
  readonly seed: number | undefined
  readonly message: string
}

const { mutation: name, seeds } = workerData as Mutant
const mutation = mutations.find((each) => each.name === name)
if (mutation === undefined) throw new Error(`there is no mutation "${name}"`)
const changed = new URL(`../${mutation.file}`, import.meta.url).href

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    if (url !== changed || loaded.source === undefined) return loaded
    return { ...loaded, source: mutate(Buffer.from(loaded.source as Uint8Array).toString(), mutation) }
  },
})

const { runWorld } = await import("./world.ts")
parentPort?.postMessage(await search())

async function search(): Promise<Found> {
  for (let seed = 1; seed <= seeds; seed++) {
    const { failure } = await outsideOfPromises(() => runWorld({ seed }))
    if (failure !== undefined) return { seed, message: failure.message }
  }
  return { seed: undefined, message: "" }
}
