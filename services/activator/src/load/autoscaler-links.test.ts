import type { ActivatorMessage, Peer } from "@wick/sdk/wire"
import { beforeEach, expect, it } from "vitest"
import type { LinkEvents } from "./autoscaler-link.ts"
import { AutoscalerLinks } from "./autoscaler-links.ts"

const peer = (id: string): Peer => ({ id, admin: `http://${id}` })
const poke: ActivatorMessage = { type: "poke", namespace: "shop", name: "web-1" }

let told: string[]
let said: string[]
let events: Map<string, LinkEvents>
let links: AutoscalerLinks

beforeEach(() => {
  told = []
  said = []
  events = new Map()
  const open = (address: string, given: LinkEvents) => {
    events.set(address, given)
    return {
      send: ({ type }: ActivatorMessage) => void said.push(`${type} to ${address}`),
      [Symbol.dispose]: () => void events.delete(address),
    }
  }
  links = new AutoscalerLinks(open, {
    connected: () => void told.push("connected"),
    disconnected: () => void told.push("disconnected"),
    peers: (peers) => void told.push(peers.map(({ id }) => id).join()),
    decided: (namespace, name) => void told.push(`decided on ${namespace}/${name}`),
  })
  links.follow(new Set(["a", "b"]))
})

it("every autoscaler hears everything, and any of them may have decided", () => {
  links.send(poke)
  expect(said).toEqual(["poke to a", "poke to b"])
  events.get("b")?.decided("shop", "web-1", 1)
  expect(told).toEqual(["decided on shop/web-1"])
})

it("there is no autoscaler when the last has gone, and not before", () => {
  events.get("a")?.connected()
  events.get("b")?.connected()
  events.get("a")?.disconnected()
  expect(told.filter((each) => each === "disconnected")).toEqual([])
  links.follow(new Set(["a"]))
  expect(told.filter((each) => each === "disconnected")).toHaveLength(1)
  expect([...events.keys()]).toEqual(["a"])
})

it("who comes is told what was before it", () => {
  events.get("a")?.connected()
  links.follow(new Set(["a", "b", "c"]))
  events.get("c")?.connected()
  expect(told).toEqual(["connected", "connected"])
})

it("peers are whom any of them knows", () => {
  events.get("a")?.connected()
  events.get("a")?.peers([peer("one"), peer("two")])
  events.get("b")?.connected()
  events.get("b")?.peers([peer("one")])
  expect(told.at(-1)).toBe("one,two")
  events.get("a")?.disconnected()
  expect(told.at(-1)).toBe("one")
})
