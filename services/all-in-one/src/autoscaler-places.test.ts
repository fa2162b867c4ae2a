import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { createLog, silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { autoscalerAddresses } from "../../activator/src/load/autoscaler-addresses.ts"
import { AutoscalerLink } from "../../activator/src/load/autoscaler-link.ts"
import { LoadServer } from "../../autoscaler/src/load-server.ts"
import { openPki } from "../../core/src/pki/index.ts"
import { remoteLoad } from "./autoscaler-places.ts"
import { serviceUser } from "./serving-roles.ts"

async function start(activator: string, elsewhere: readonly string[]) {
  const stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "wick-places-"))
  stack.defer(() => rm(directory, { recursive: true }))
  const given = { directory, serverNames: [], clusterDomain: "cluster.local", clock: systemClock, log: silentLog }
  const pki = await openPki(given)
  const remote = await remoteLoad({ peer: { host: "127.0.0.1", port: -1 } }, { pki })
  const connected = Promise.withResolvers<string>()
  const server = stack.use(
    new LoadServer(
      { connected: (id) => connected.resolve(id), load: () => {}, poke: () => {}, disconnected: () => {} },
      silentLog,
    ),
  )
  const port = await server.listen(remote?.listen ?? "", remote?.security)
  const places = join(directory, "autoscalers")
  await writeFile(places, [...elsewhere, `127.0.0.1:${port}`, ""].join("\n"))
  const { certificatePem, privateKeyPem: keyPem } = await pki.client("activator", activator, [])
  const tls = { authorityPem: pki.authorityPem, certificatePem, keyPem }
  const refused = Promise.withResolvers<string>()
  const opened = Promise.withResolvers<void>()
  stack.use(
    new AutoscalerLink({
      addresses: autoscalerAddresses(`@${places}`, tls),
      self: { id: "far", admin: "" },
      clock: systemClock,
      log: createLog({ level: "warn", format: "text", now: Date.now, write: refused.resolve }),
      events: { connected: () => opened.resolve(), disconnected: () => {}, peers: () => {} },
    }),
  )
  return {
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

it("an autoscaler listens to nobody who is no activator, whatever certificate of the cluster they have", async () => {
  await using story = await start("somebody", [])
  expect(await story.refused).toContain("the certificate is no activator's")
})
