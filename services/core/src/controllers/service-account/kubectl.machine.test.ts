import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ControlPlane } from "../../server.ts"
import { runAsUser, startTestControlPlane } from "../../testing/control-plane.ts"
import { ownDirectory } from "../../testing/own-directory.ts"

/** The whole control plane and a real kubectl, with nothing but a token out of a secret. */
const running = new AsyncDisposableStack()
let directory = ""
let plane: ControlPlane

beforeAll(async () => {
  directory = await ownDirectory(running, "tokens")
  plane = running.use(await startTestControlPlane(directory))
})
afterAll(() => running.disposeAsync())

const kubectl = (command: string, input = ""): Promise<string> =>
  runAsUser(directory, "kubectl", command.split(" "), input)

function holder(name: string, account: string): string {
  const metadata = { name, annotations: { "kubernetes.io/service-account.name": account } }
  return JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, type: "kubernetes.io/service-account-token" })
}

async function field(secret: string, key: string): Promise<string> {
  await kubectl(`wait --for=jsonpath={.data.${key}} secret/${secret} --timeout=60s`)
  return atob(await kubectl(`get secret ${secret} -o jsonpath={.data.${key}}`))
}

const whoami = (token: string): Promise<string> =>
  kubectl(
    `auth whoami -o json --kubeconfig=/dev/null --server=${plane.url} --certificate-authority=pki/ca.crt --token=${token}`,
  )

describe("a secret of an account's token", () => {
  it("is filled, and its token is the account's until the secret holds it no more", async () => {
    await kubectl("create serviceaccount robot")
    await kubectl("create -f -", holder("robot-token", "robot"))
    const token = await field("robot-token", "token")
    expect(await field("robot-token", "ca\\.crt")).toBe(plane.pki.authorityPem)
    expect(await field("robot-token", "namespace")).toBe("default")
    expect(await kubectl("describe secret robot-token")).toMatch(/service-account\.uid: [0-9a-f-]{36}/)
    const who = JSON.parse(await whoami(token)).status.userInfo
    expect(who).toMatchObject({ username: "system:serviceaccount:default:robot" })
    expect(who.extra).toBeUndefined()
    await kubectl(`patch secret robot-token --type=json -p=[{"op":"remove","path":"/data/token"}]`)
    await expect(whoami(token)).rejects.toThrow("Unauthorized")
    const next = await field("robot-token", "token")
    expect(next).not.toBe(token)
    expect(JSON.parse(await whoami(next)).status.userInfo.username).toBe(who.username)
    await kubectl("label secret robot-token kubernetes.io/legacy-token-invalid-since=2026-01-01")
    await expect(whoami(next)).rejects.toThrow("Unauthorized")
  })

  it("goes with its account, and so does its token", async () => {
    await kubectl("create serviceaccount short")
    await kubectl("create -f -", holder("short-token", "short"))
    const token = await field("short-token", "token")
    await kubectl("delete serviceaccount short")
    await expect(whoami(token)).rejects.toThrow("Unauthorized")
    await kubectl("wait --for=delete secret/short-token --timeout=60s")
  })

  it("needs an account: its name, and that it is there", async () => {
    await expect(kubectl("create -f -", holder("nobodys", ""))).rejects.toThrow(
      "metadata.annotations[kubernetes.io/service-account.name]: Required value",
    )
    await kubectl("create -f -", holder("nobodys", "nobody"))
    await kubectl("wait --for=delete secret/nobodys --timeout=60s")
  })
})
