import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { readCertificate } from "./certificate.ts"
import { kubeconfigText, openPki, type Pki, writeKubeconfig } from "./index.ts"

const dayMs = 86_400_000
const start = Date.parse("2026-01-01T00:00:00Z")
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-pki-"))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

function open(nowMs: number = start, serverNames: string[] = []): Promise<Pki> {
  const clock = new SimulatedClock(nowMs)
  return openPki({ directory, serverNames, clusterDomain: "cluster.local", clock, log: silentLog })
}

describe("pki", () => {
  it("finds the same keys again at the next start", async () => {
    const [first, second] = [await open(), await open(start + dayMs)]
    expect(second.authorityPem).toBe(first.authorityPem)
    expect(second.serving).toEqual(first.serving)
    expect(second.admin).toEqual(first.admin)
    const { token } = await first.tokens.sign(subject, start)
    expect(await second.tokens.verify(token, [], start)).toMatchObject({ kind: "valid" })
  })

  it("names the administrator as Kubernetes does, and the server by all its names", async () => {
    const pki = await open(start, ["10.96.0.1", "wick.example.org", "fd00::0001"])
    expect(readCertificate(pki.admin.certificatePem, pki.authorityPem)).toMatchObject({
      ours: true,
      subject: { commonName: "kubernetes-admin", organizations: ["system:masters"], use: "client" },
    })
    expect(readCertificate(pki.serving.certificatePem, pki.authorityPem).subject).toMatchObject({
      use: "serving",
      names: [
        "localhost",
        "127.0.0.1",
        "::1",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "10.96.0.1",
        "wick.example.org",
        "fd00::1",
      ],
    })
  })

  it("gives a member of the store a certificate that no client of the API could have", async () => {
    const pki = await open()
    const peer = await pki.peer("member-1")
    const facts = readCertificate(peer.certificatePem, peer.authorityPem)
    expect(facts).toMatchObject({ ours: true, subject: { commonName: "member-1", use: "peer" } })
    expect(readCertificate(peer.certificatePem, pki.authorityPem).ours).toBe(false)
    expect(await (await open(start + dayMs)).peer("member-1")).toEqual(peer)
  })

  it("replaces a certificate with a third of its life left, under the same authority", async () => {
    const first = await open()
    expect((await open(start + 240 * dayMs)).admin).toEqual(first.admin)
    const renewed = await open(start + 250 * dayMs)
    expect(renewed.admin).not.toEqual(first.admin)
    expect(renewed.authorityPem).toBe(first.authorityPem)
  })

  it("replaces the server's certificate when it lacks a name", async () => {
    const first = await open()
    const second = await open(start, ["wick.example.org"])
    expect(second.serving).not.toEqual(first.serving)
    expect(second.admin).toEqual(first.admin)
  })

  it("replaces a pair whose halves do not belong together, but never the authority", async () => {
    await open()
    const otherKey = await readFile(join(directory, "apiserver.key"), "utf8")
    await writeFile(join(directory, "admin.key"), otherKey)
    const mended = await open()
    expect(mended.admin.privateKeyPem).not.toBe(otherKey)
    await writeFile(join(directory, "ca.key"), otherKey)
    await expect(open()).rejects.toThrow("belongs to another ca.crt")
  })

  it("keeps every file to its owner, also one that was opened to others", async () => {
    await open()
    await chmod(join(directory, "ca.key"), 0o644)
    await open()
    for (const file of ["ca.key", "ca.crt", "admin.key", "apiserver.key", "service-account.key"]) {
      expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600)
    }
  })

  it("keeps the certificate of a part of the platform, and makes another when its groups change", async () => {
    const first = await (await open()).client("activator", "activator", ["serving"])
    const pki = await open()
    expect(await pki.client("activator", "activator", ["serving"])).toEqual(first)
    expect(await pki.client("activator", "activator", [])).not.toEqual(first)
  })

  it("issues client certificates to others and keeps none of their keys", async () => {
    const pki = await open()
    const credential = await pki.issueClient("system:node:one", ["system:nodes"], dayMs)
    const facts = readCertificate(credential.certificatePem, pki.authorityPem)
    expect(facts).toMatchObject({ ours: true, notAfterMs: start + dayMs })
    expect(facts.subject).toMatchObject({ commonName: "system:node:one", organizations: ["system:nodes"] })
  })
})

const subject = {
  subject: {
    namespace: "default",
    serviceAccount: { name: "app", uid: "sa-1" },
    pod: { name: "app-1", uid: "pod-1" },
    node: { name: "one" },
  },
  audiences: [],
  lifetimeSeconds: 3600,
}

describe("service account tokens", () => {
  it("say whose they are and what they are bound to", async () => {
    const { tokens } = await open()
    const { token, expiresAtMs } = await tokens.sign(subject, start)
    expect(expiresAtMs).toBe(start + 3600_000)
    expect(await tokens.verify(token, [], start + 3599_000)).toMatchObject({
      kind: "valid",
      claims: { subject: subject.subject, audiences: [tokens.audience], issuedAtMs: start, expiresAtMs },
    })
  })

  it("are refused when expired, meant for another audience, or changed", async () => {
    const { tokens } = await open()
    const { token } = await tokens.sign({ ...subject, audiences: ["vault"] }, start)
    expect(await tokens.verify(token, ["vault"], start)).toMatchObject({ kind: "valid" })
    expect(await tokens.verify(token, [], start)).toMatchObject({ kind: "refused" })
    expect(await tokens.verify(token, ["vault"], start + 3600_000)).toEqual({
      kind: "refused",
      because: "the token has expired",
    })
    const [header, payload, signature] = token.split(".")
    const forged = Buffer.from(payload ?? "", "base64url")
      .toString()
      .replace("app-1", "app-2")
    const changed = [header, Buffer.from(forged).toString("base64url"), signature].join(".")
    expect(await tokens.verify(changed, ["vault"], start)).toMatchObject({ kind: "refused" })
  })

  it("of others are told from ours", async () => {
    const { tokens } = await open()
    const foreign = `e30.${Buffer.from('{"iss":"https://elsewhere"}').toString("base64url")}.c2ln`
    expect(await tokens.verify(foreign, [], start)).toEqual({ kind: "foreign" })
    expect(await tokens.verify("not a token", [], start)).toEqual({ kind: "foreign" })
  })
})

describe("kubeconfig", () => {
  it("holds everything that a client needs, for its owner only", async () => {
    const pki = await open()
    const options = {
      cluster: "wick",
      server: "https://127.0.0.1:6443",
      authorityPem: pki.authorityPem,
      user: { name: "admin", credential: pki.admin },
    }
    const path = join(directory, "kubeconfig")
    await writeKubeconfig(path, options)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const text = await readFile(path, "utf8")
    expect(text).toBe(kubeconfigText(options))
    expect(text).toContain(Buffer.from(pki.admin.privateKeyPem).toString("base64"))
    expect(text).toContain('current-context: "wick"')
  })
})
