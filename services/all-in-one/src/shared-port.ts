import { writeFileSync } from "node:fs"
import type { Log } from "@wick/sdk/log"

const migrate = "/proc/sys/net/ipv4/tcp_migrate_req"

/**
 * Several processes listen at one port, and the kernel deals connections out among them. Those that one has not taken yet
 * when it ends would end with it; with this (Linux 5.14 and newer) they become another's. Without it a killed process
 * costs a few requests more, so not being allowed to is no reason to stop.
 */
export function passConnectionsOn(log: Log): void {
  try {
    writeFileSync(migrate, "1")
  } catch (error) {
    log.info("connections that an ending gateway process has not taken will be lost", { path: migrate, error })
  }
}
