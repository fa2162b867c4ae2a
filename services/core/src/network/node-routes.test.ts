import { Node } from "@wick/sdk/api/core/node"
import { systemClock } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { startTestApi } from "../testing.ts"
import { NodeRoutes } from "./node-routes.ts"

it("leads to the pods of every other host by its address, anew when that changes, and no more when it is gone", async () => {
  await using stack = new AsyncDisposableStack()
  const { client } = stack.use(await startTestApi())
  const informers = stack.use(createInformers(client, systemClock, silentLog))
  const told: string[] = []
  let heard = (): void => {}
  const run = async (args: readonly string[]): Promise<void> => {
    told.push(args.join(" "))
    heard()
  }
  const until = async (count: number): Promise<void> => {
    while (told.length < count) {
      await new Promise<void>((resolve) => {
        heard = resolve
      })
    }
  }
  const add = async (name: string, podCIDR: string, address: string): Promise<void> => {
    await client.create(Node, { metadata: { name }, spec: { podCIDR } })
    await move(name, address)
  }
  const move = (name: string, address: string): Promise<unknown> => {
    const body = { status: { addresses: [{ type: "InternalIP", address }] } }
    return client.patch(Node, { name }, { type: "merge", body }, { subresource: "status" })
  }
  await add("own", "10.234.0.0/16", "192.168.1.1")
  await using routes = new NodeRoutes({ informers, ownName: "own", log: silentLog, run })
  await add("b", "10.255.0.0/16", "192.168.1.2")
  await until(1)
  await move("b", "192.168.1.3")
  await until(2)
  await client.delete(Node, { name: "b" })
  await until(3)
  await add("c", "10.254.0.0/16", "192.168.1.4")
  await until(4)
  await routes.remove()
  expect(told).toEqual([
    "route replace 10.255.0.0/16 via 192.168.1.2",
    "route replace 10.255.0.0/16 via 192.168.1.3",
    "route del 10.255.0.0/16 via 192.168.1.3",
    "route replace 10.254.0.0/16 via 192.168.1.4",
    "route del 10.254.0.0/16 via 192.168.1.4",
  ])
})
