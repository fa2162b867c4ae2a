import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { createServer as createSecureServer } from "node:https"
import { type AddressInfo, connect } from "node:net"
import { join } from "node:path"
import { expect, it } from "vitest"
import { scratchDirectory } from "../testing/scratch.ts"
import { exportKey, generateKeys, loadX509 } from "../x509.ts"
import { registryTransport } from "./registry-transport.ts"

/** A certificate that nobody but its reader trusts, for a host that no resolver knows. */
async function certificateFor(host: string): Promise<{ cert: string; key: string }> {
  const { SubjectAlternativeNameExtension, X509CertificateGenerator } = await loadX509()
  const keys = await generateKeys()
  const extensions = [new SubjectAlternativeNameExtension([{ type: "dns", value: host }])]
  const certificate = await X509CertificateGenerator.createSelfSigned({ name: `CN=${host}`, keys, extensions })
  return { cert: certificate.toString("pem"), key: await exportKey(keys.privateKey) }
}

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port

async function listening<Listening extends Pick<Server, "listen">>(server: Listening): Promise<Listening> {
  await once(server.listen(0, "127.0.0.1"), "listening")
  return server
}

it("asks registries through the proxy of the environment, and those of this machine themselves", async () => {
  const tls = await certificateFor("registry.test")
  await using registry = await listening(createSecureServer(tls, (_, response) => response.end("from afar")))
  const asked: string[] = []
  const proxy = createServer((request, response) => response.end(asked.push(request.url ?? "") && "by the proxy"))
  proxy.on("connect", (request, socket) => {
    asked.push(request.url ?? "")
    const there = connect(portOf(registry), "127.0.0.1", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"))
    socket.pipe(there).pipe(socket)
  })
  await using running = await listening(proxy)
  const authorities = join(scratchDirectory("transport"), "ca.pem")
  writeFileSync(authorities, tls.cert)
  const address = `http://127.0.0.1:${portOf(running)}`
  await using transport = registryTransport([authorities], { HTTPS_PROXY: address, http_proxy: address })
  const textOf = async (url: string): Promise<string> => (await transport.fetch(url)).text()

  expect(await textOf("https://registry.test/v2/")).toBe("from afar")
  expect(await textOf("http://plain.test:5000/v2/")).toBe("by the proxy")
  expect([...new Set(asked)]).toEqual(["registry.test:443", "http://plain.test:5000/v2/"])
  expect(await textOf(`${address}/direct`)).toBe("by the proxy")
  expect(asked.at(-1)).toBe("/direct")
})
