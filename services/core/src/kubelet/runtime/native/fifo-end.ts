import { constants, openSync } from "node:fs"
import { Socket } from "node:net"

/** The reading end of a FIFO, which ends when every writer that there has been has closed it. */
export function readEnd(path: string): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return new Socket({ fd, readable: true, writable: false })
}

/** The writing end; it waits for a reader, who meanwhile is ourselves. */
export function writeEnd(path: string): Socket {
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  return new Socket({ fd, readable: false, writable: true })
}
