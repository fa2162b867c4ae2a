import { createLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import { startSecureTestApi } from "./testing/start-secure.ts"

const password = "correct-horse-battery-staple"

describe("what is secret", () => {
  it("is in no line of the log, whatever is done with it and however it fails", async () => {
    const lines: string[] = []
    const log = createLog({ level: "debug", format: "json", now: () => 0, write: (line) => lines.push(line) })
    await using api = await startSecureTestApi(log)
    const send = async (method: string, path: string, body: string, token?: string): Promise<string> => {
      const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) }
      const request = new Request(`https://wick${path}`, { method, headers, body })
      const peer = { address: "", certificate: { kind: "none" as const } }
      return (await (token ? api.guard.fetch(request, peer) : api.fetch(request))).text()
    }
    const accounts = "/api/v1/namespaces/default/serviceaccounts"
    await send("POST", accounts, JSON.stringify({ metadata: { name: "robot" } }))
    const made = JSON.parse(await send("POST", `${accounts}/robot/token`, JSON.stringify({ spec: {} })))
    const { token } = made.status as { token: string }
    const secret = { metadata: { name: "one" }, stringData: { password } }
    await send("POST", "/api/v1/namespaces/default/secrets", JSON.stringify(secret))
    await send("POST", "/api/v1/namespaces/default/secrets", JSON.stringify(secret))
    await send("POST", "/api/v1/namespaces/default/secrets", JSON.stringify({ ...secret, data: password }))
    await send("POST", "/api/v1/namespaces/default/secrets", `{"stringData": "${password}`)
    await send("POST", "/api/v1/namespaces/default/secrets", JSON.stringify(secret), token)
    await send("POST", "/api/v1/namespaces/default/secrets", JSON.stringify(secret), `${token}x`)
    const written = lines.join("")
    const encoded = Buffer.from(password).toString("base64")
    const secrets = [password, encoded, token, api.pki.admin.privateKeyPem.split("\n")[1] ?? "", "PRIVATE KEY"]
    expect(lines).not.toEqual([])
    expect(secrets.filter((each) => written.includes(each))).toEqual([])
  })
})
