import { readdir, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { parseAddress } from "./address.ts"

/**
 * Gives back addresses whose sandbox is gone, as after a crash of the machine: host-local keeps one file per address,
 * named by it, whose first line is the sandbox. Returns the addresses.
 */
export async function releaseLeases(directory: string, isAlive: (sandboxId: string) => boolean): Promise<string[]> {
  const names = await readdir(directory).catch(() => [])
  const released: string[] = []
  for (const name of names) {
    if (parseAddress(name) === undefined) continue
    const path = join(directory, name)
    const sandbox = (await readFile(path, "utf8").catch(() => "")).split(/\r?\n/)[0]?.trim() ?? ""
    if (sandbox === "" || isAlive(sandbox)) continue
    await rm(path, { force: true })
    released.push(name)
  }
  return released
}
