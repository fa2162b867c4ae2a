/** File descriptors, ports of ours to one pod, memory of the kernel: what a process lacks when a connection fails thus. */
const ownShortages = new Set(["EMFILE", "ENFILE", "EADDRNOTAVAIL", "ENOBUFS", "ENOMEM"])

/** Whether it says nothing of the other side that a connection to it could not be opened. */
export function isOwnShortage(error: Error & { code?: string }): boolean {
  return error.code !== undefined && ownShortages.has(error.code)
}
