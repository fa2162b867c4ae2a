import type { HostPort } from "../pod-needs.ts"
import { type Filter, fits } from "./plugin.ts"

/** A port of the node can be had once per address and protocol. */
export const nodePorts: Filter = ({ hostPorts }, node) => {
  const taken = hostPorts.some((port) => node.hostPorts.some((other) => collide(port, other)))
  return taken ? ["node(s) didn't have free ports for the requested pod ports"] : fits
}

function collide(one: HostPort, other: HostPort): boolean {
  const everywhere = one.ip === "0.0.0.0" || other.ip === "0.0.0.0"
  return one.port === other.port && one.protocol === other.protocol && (everywhere || one.ip === other.ip)
}
