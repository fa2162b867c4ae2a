import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { ConfigMap } from "../api/core/config-map.ts"
import { SimulatedClock } from "../clock/index.ts"
import { settled } from "../testing/scripted-fetch.ts"
import { clusterFetch, createClient } from "./index.ts"

describe("a client of a remote cluster", () => {
  it("signs in with a token file, keeps its connection, and watches as long as it likes", async () => {
    const directory = await mkdtemp(join(tmpdir(), "wick-token-"))
    await using clean = new AsyncDisposableStack()
    clean.defer(() => rm(directory, { recursive: true }))
    await writeFile(join(directory, "token"), "secret\n")
    const seen: { authorization: string | undefined; port: number | undefined }[] = []
    const server = createServer((request, response) => {
      seen.push({ authorization: request.headers.authorization, port: request.socket.remotePort })
      if (!request.url?.includes("watch")) return response.end('{"kind":"ConfigMap"}')
      response.write('{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n')
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    clean.defer(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const token = { kind: "file", path: join(directory, "token") } as const
    const cluster = clean.use(await clusterFetch({ server: url, namespace: "default", token }, new SimulatedClock()))
    const client = createClient({ fetch: cluster.fetch, baseUrl: url })
    const reference = { name: "a", namespace: "default" }
    await client.get(ConfigMap, reference)
    await settled()
    await client.get(ConfigMap, reference)
    expect(seen[0]).toEqual({ authorization: "Bearer secret", port: expect.any(Number) })
    expect(seen[1]).toEqual(seen[0])
    const stop = new AbortController()
    for await (const event of client.watch(ConfigMap, { signal: stop.signal })) {
      expect(event.object.metadata.name).toBe("a")
      stop.abort()
    }
  })
})
