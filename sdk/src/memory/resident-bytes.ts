/** Resident memory of this process; undefined while it has no file descriptor left to ask the kernel by. */
export function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== "uv_resident_set_memory") throw error
    return undefined
  }
}
