import { readdirSync, readlinkSync, realpathSync } from "node:fs"
import { join, sep } from "node:path"

const ownDescriptors = "/proc/self/fd"
/** Of fcntl(2): `F_SETFD` and `FD_CLOEXEC`. */
const setFlags = 2
const closedByExec = 1

/**
 * Keeps the files that this process has open in a directory from the programs that it starts. LMDB opens its data for them
 * too: one that outlives us, as containerd does, would hold a store's room on the disk long after it is removed.
 */
export function closeOnExec(directory: string): void {
  const inside = `${realpathSync(directory)}${sep}`
  const descriptors = readdirSync(ownDescriptors).filter((name) => targetOf(name).startsWith(inside))
  const ffi = process.getBuiltinModule("node:ffi")
  try {
    const fcntl = ffi?.dlopen(null).lib.getFunction("fcntl", { arguments: ["i32", "i32", "i32"], return: "i32" })
    for (const descriptor of descriptors) fcntl?.(Number(descriptor), setFlags, closedByExec)
  } catch (error) {
    // A C library that cannot be called: its programs have more open than they need.
    if ((error as NodeJS.ErrnoException).code !== "ERR_FFI_CALL_FAILED") throw error
  }
}

/** Empty for one that was closed meanwhile, as that of the listing itself. */
function targetOf(descriptor: string): string {
  try {
    return readlinkSync(join(ownDescriptors, descriptor))
  } catch {
    return ""
  }
}
