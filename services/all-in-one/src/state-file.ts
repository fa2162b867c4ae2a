import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** What a running Wick says of itself to the command line. */
export interface StateFile {
  readonly pid: number
  readonly version: string
  readonly api: string
  readonly gateway: string
  readonly registry: string
  readonly metrics: string
  readonly domain: string
  readonly kubeconfig: string
  readonly startedAt: string
}

/** Written when Wick is ready; disposing of it says that it is not any more. */
export function writeState(home: string, state: StateFile): Disposable {
  const path = join(home, "wick.json")
  writeFileSync(path, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 })
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) }
}
