import { type Address, addressAt, type Range } from "../address.ts"
import {
  acknowledged,
  attribute,
  composed,
  creating,
  exclusive,
  gap,
  kinds,
  type Message,
  message,
  type Part,
  replacing,
  u8,
  u16,
  u32,
} from "./netlink.ts"

/**
 * What the kernel is told for a pod's link. In the gaps: the pod's `address`, the names of the link's ends (`host-end`,
 * `pod-end`), the pod's `namespace` as an open file, and the `index` of an end.
 */
export interface LinkMessages {
  /** Both ends. Refused where the name of the host's end is taken, and so is the address that the name says. */
  readonly make: Message
  /** The host's address on its end, and the way to the pod. Refused where another link leads to the pod's address. */
  readonly lead: Message
  /** In the pod's namespace: its end is up, has the address, and leads everywhere. */
  readonly equip: Message
  /** On the host. */
  readonly undo: Message
  /** In the pod's namespace; the host's end goes with it, and the way there. */
  readonly remove: Message
}

export interface LinkSettings {
  readonly pods: Range
  readonly mtuBytes: number | undefined
}

/** IFNAMSIZ: a link's name with its zero. */
export const nameBytes = 16

/** Both ends have an address of their own making, so nobody has to ask for it: that of the host's end, and of the pod's. */
export const hardwarePrefixes = { host: Buffer.from([0x0e, 0x58]), pod: Buffer.from([0x0a, 0x58]) }

const inet = 2
const wholeAddress = 32
const up = 1
const linkAttributes = {
  address: 1,
  name: 3,
  mtu: 4,
  info: 18,
  namespaceFile: 28,
  transmitQueues: 31,
  receiveQueues: 32,
}
const infoAttributes = { kind: 1, data: 2 }
const vethPeer = 1
const addressAttributes = { address: 1, local: 2, flags: 8 }
/** The address alone leads nowhere: neighbours in the pod range are routed like all others. */
const withoutRoute = 0x200
const routeAttributes = { destination: 1, link: 4, gateway: 5, source: 7 }
const mainTable = 254
const bootProtocol = 3
const scopes = { universe: 0, link: 253 }
const unicast = 1
/** The gateway is on this link, though no route says so. */
const onLink = 4
const neighbourAttributes = { destination: 1, hardware: 2 }
const permanent = 0x80

const address = gap("address", 4)
const index = gap("index", 4)
const hostEnd = gap("host-end", nameBytes)
const podEnd = gap("pod-end", nameBytes)

export function linkMessages({ pods, mtuBytes }: LinkSettings): LinkMessages {
  const gateway = bigEndian(addressAt(pods, 1))
  return {
    make: composed(make(mtuBytes)),
    lead: composed([
      // The host has this address elsewhere too, but a route from it would end with that.
      ...linkAddress(gateway, wholeAddress),
      ...neighbour(address, hardwarePrefixes.pod, address),
      ...routeToPod(gateway),
    ]),
    equip: composed([
      ...message(kinds.newLink, 0, ...linkHeader(index, up)),
      ...linkAddress(address, pods.prefix),
      ...neighbour(gateway, hardwarePrefixes.host, address),
      ...defaultRoute(gateway),
    ]),
    undo: composed(remove(hostEnd)),
    remove: composed(remove(podEnd)),
  }
}

function make(mtuBytes: number | undefined): Part[] {
  return message(
    kinds.newLink,
    creating | exclusive | acknowledged,
    ...linkHeader(u32(0), up),
    ...end(hostEnd, hardwarePrefixes.host, mtuBytes),
    ...attribute(
      linkAttributes.info,
      ...attribute(infoAttributes.kind, Buffer.from("veth\0")),
      ...attribute(
        infoAttributes.data,
        ...attribute(
          vethPeer,
          ...linkHeader(u32(0), 0),
          ...end(podEnd, hardwarePrefixes.pod, mtuBytes),
          ...attribute(linkAttributes.namespaceFile, gap("namespace", 4)),
        ),
      ),
    ),
  )
}

function end(name: Part, hardwarePrefix: Buffer, mtuBytes: number | undefined): Part[] {
  return [
    ...attribute(linkAttributes.name, name),
    ...attribute(linkAttributes.address, hardwarePrefix, address),
    ...(mtuBytes === undefined ? [] : attribute(linkAttributes.mtu, u32(mtuBytes))),
    // Packets are handled by the processor that sends them; one queue for each would be made for nothing.
    ...attribute(linkAttributes.transmitQueues, u32(1)),
    ...attribute(linkAttributes.receiveQueues, u32(1)),
  ]
}

function linkHeader(link: Part, flags: number): Part[] {
  return [u8(0, 0), u16(0), link, u32(flags), u32(flags)]
}

function routeToPod(gateway: Buffer): Part[] {
  return message(
    kinds.newRoute,
    creating | exclusive | acknowledged,
    ...routeHeader({ prefix: wholeAddress, scope: scopes.link, flags: 0 }),
    ...attribute(routeAttributes.destination, address),
    ...attribute(routeAttributes.link, index),
    ...attribute(routeAttributes.source, gateway),
  )
}

function defaultRoute(gateway: Buffer): Part[] {
  return message(
    kinds.newRoute,
    creating | exclusive | acknowledged,
    ...routeHeader({ prefix: 0, scope: scopes.universe, flags: onLink }),
    ...attribute(routeAttributes.gateway, gateway),
    ...attribute(routeAttributes.link, index),
  )
}

function routeHeader(route: { prefix: number; scope: number; flags: number }): Part[] {
  return [u8(inet, route.prefix, 0, 0, mainTable, bootProtocol, route.scope, unicast), u32(route.flags)]
}

function linkAddress(own: Part, prefix: number): Part[] {
  return message(
    kinds.newAddress,
    creating | exclusive,
    u8(inet, prefix, 0, scopes.universe),
    index,
    ...attribute(addressAttributes.local, own),
    ...attribute(addressAttributes.address, own),
    ...attribute(addressAttributes.flags, u32(withoutRoute)),
  )
}

function neighbour(who: Part, hardwarePrefix: Buffer, hardware: Part): Part[] {
  return message(
    kinds.newNeighbour,
    creating | replacing,
    u8(inet, 0, 0, 0),
    index,
    u16(permanent),
    u8(0, 0),
    ...attribute(neighbourAttributes.destination, who),
    ...attribute(neighbourAttributes.hardware, hardwarePrefix, hardware),
  )
}

function remove(name: Part): Part[] {
  return message(kinds.deleteLink, acknowledged, ...linkHeader(u32(0), 0), ...attribute(linkAttributes.name, name))
}

function bigEndian(value: Address): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
