import { connect, type Socket } from "node:net"
import { equal, holds, says } from "../expectation.ts"
import { eventually } from "../patience.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"
import { deploy, services, urlOf } from "./functions.ts"

/** S70–S72, S74: what becomes of connections that are no longer HTTP, such as a WebSocket's. */
export const upgrades: Statement = (it) => {
  it.withFunctions("S70: an upgraded connection on which nothing comes back ends at timeoutSeconds", (world) =>
    ends(world, { timeoutSeconds: 2 }),
  )

  it.withFunctions("S71: and at responseStartTimeoutSeconds, where that is less", (world) =>
    ends(world, { responseStartTimeoutSeconds: 2 }),
  )

  it.withFunctions("S72: and at idleTimeoutSeconds", (world) => ends(world, { idleTimeoutSeconds: 2 }))

  it.withFunctions(
    "S74: an upgraded connection does not hold up a deletion: its function can say goodbye",
    async (world) => {
      const { clock } = world
      const service = await deploy(world, "a")
      const upgraded = await upgrade(world, urlOf(service))
      upgraded.socket.write("ping")
      await eventually(clock, async () => says(upgraded.heard(), /ping$/))
      await world.wire("DELETE", world.path(services, "/a"))
      await upgraded.ended
      says(upgraded.heard(), /goodbye$/)
    },
  )
}

/** That what is answered within a second comes back, and what takes longer than two seconds does not. */
async function ends(world: World, spec: object): Promise<void> {
  const service = await deploy(world, "a", { spec })
  const quick = await upgrade(world, urlOf(service, "/?ms=500"))
  quick.socket.write("ping")
  await eventually(world.clock, async () => says(quick.heard(), /ping$/))
  quick.socket.destroy()
  const slow = await upgrade(world, urlOf(service, "/?ms=10000"))
  slow.socket.write("ping")
  await slow.ended
  holds(!slow.heard().endsWith("ping"), `heard: ${slow.heard()}`)
}

interface Upgraded {
  readonly socket: Socket
  readonly heard: () => string
  readonly ended: Promise<void>
}

/** A connection to a URL that the cluster gave, upgraded to the specimen's protocol. */
async function upgrade({ functionHost: { gateway } }: World, url: string): Promise<Upgraded> {
  const { host, pathname, search } = new URL(url)
  const socket = connect(gateway.port, gateway.host)
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
  let heard = ""
  socket.on("error", () => {}).on("close", end)
  socket.on("data", (words) => {
    heard += words
    if (heard.includes("\r\n\r\n")) answer()
  })
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`)
  await Promise.race([answered, ended])
  equal(heard.split("\r\n")[0], "HTTP/1.1 101 Switching Protocols")
  return { socket, heard: () => heard, ended }
}
