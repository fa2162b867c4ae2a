import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Running } from "@wick/sdk/home"

/** Written when Wick is ready; disposing of it says that it is not any more. */
export function writeState(home: string, state: Running): Disposable {
  const path = join(home, "wick.json")
  writeFileSync(path, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 })
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) }
}
