import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { serviceUser } from "@wick/sdk/api/serving/roles"
import { type Clock, SimulatedClock, systemClock } from "@wick/sdk/clock"
import { createLog, silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { autoscalerAddresses } from "../../activator/src/load/autoscaler-addresses.ts"
import { AutoscalerLink } from "../../activator/src/load/autoscaler-link.ts"
import { type LoadListener, LoadServer } from "../../autoscaler/src/load-server.ts"
import { openPki } from "../../core/src/pki/index.ts"
import { remoteLoad } from "./autoscaler-places.ts"

const nobody: LoadListener = {
  connected: () => {},
  history: () => {},
  load: () => {},
  poke: () => {},
  disconnected: () => {},
}

async function start(activator: string, elsewhere: readonly string[], clock: Clock = systemClock) {
  const stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "wick-places-"))
  stack.defer(() => rm(directory, { recursive: true }))
  const given = { directory, serverNames: [], clusterDomain: "cluster.local", clock: systemClock, log: silentLog }
  const pki = await openPki(given)
  const remote = await remoteLoad({ peer: { host: "127.0.0.1", port: -1 } }, { pki })
  const connected = Promise.withResolvers<string>()
  const left = Promise.withResolvers<string>()
  const server = stack.use(
    new LoadServer({ ...nobody, connected: connected.resolve, disconnected: left.resolve }, silentLog),
  )
  const port = await server.listen(remote?.listen ?? "", remote?.security)
  server.begin()
  const places = join(directory, "autoscalers")
  await writeFile(places, [...elsewhere, `127.0.0.1:${port}`, ""].join("\n"))
  const { certificatePem, privateKeyPem: keyPem } = await pki.client("activator", activator, [])
  const tls = { authorityPem: pki.authorityPem, certificatePem, keyPem }
  const refused = Promise.withResolvers<string>()
  const opened = Promise.withResolvers<void>()
  const link = stack.use(
    new AutoscalerLink({
      addresses: autoscalerAddresses(`@${places}`, tls),
      self: { id: "far", admin: "" },
      clock,
      log: createLog({ level: "warn", format: "text", now: Date.now, write: refused.resolve }),
      events: { connected: () => opened.resolve(), disconnected: () => {}, peers: () => {}, decided: () => {} },
    }),
  )
  return {
    link,
    places,
    /** Another autoscaler, at another place. */
    second: async (): Promise<{ port: number; connected: Promise<string> }> => {
      const heard = Promise.withResolvers<string>()
      const other = stack.use(new LoadServer({ ...nobody, connected: heard.resolve }, silentLog))
      other.begin()
      return { port: await other.listen(remote?.listen ?? "", remote?.security), connected: heard.promise }
    },
    left: left.promise,
    connected: connected.promise,
    opened: opened.promise,
    refused: refused.promise,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

it("an activator finds the autoscaler at whichever of several places it is, over TLS", async () => {
  // Nobody is at the first two: this host's own socket, and a host that does not lead.
  await using story = await start(serviceUser("activator").name, ["unix:/nowhere/autoscaler.sock", "127.0.0.1:1"])
  expect(await story.connected).toBe("far")
  await story.opened
})

it("a place that takes connections and says nothing holds up none of the others", async () => {
  const frozen = createServer(() => {})
  await new Promise<void>((resolve) => frozen.listen(0, "127.0.0.1", resolve))
  const { port } = frozen.address() as AddressInfo
  // Such a place is given a second before it is passed over, and here no time passes.
  await using story = await start(serviceUser("activator").name, [`127.0.0.1:${port}`], new SimulatedClock())
  await story.opened
  frozen.close()
})

it("an activator that is told that another leads goes there, though the one before still seems to be there", async () => {
  await using story = await start(serviceUser("activator").name, [])
  await story.opened
  const second = await story.second()
  await writeFile(story.places, `${await readFile(story.places, "utf8")}127.0.0.1:${second.port}\n`)
  story.link.moved()
  expect(await second.connected).toBe("far")
  expect(await story.left).toBe("far")
})

it("an autoscaler listens to nobody who is no activator, whatever certificate of the cluster they have", async () => {
  await using story = await start("somebody", [])
  expect(await story.refused).toContain("the certificate is no activator's")
})
