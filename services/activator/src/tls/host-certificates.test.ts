import { describe, expect, it } from "vitest"
import type { IngressView } from "../cluster/ingress-view.ts"
import { rule } from "../testing/scripted-cluster.ts"
import { HostCertificates, type TlsSecretView } from "./host-certificates.ts"

const secret = (text: string): TlsSecretView => ({
  data: { "tls.crt": Buffer.from(text).toString("base64"), "tls.key": "" },
})

function shelf(secrets: Record<string, TlsSecretView>) {
  const opened: string[] = []
  const unusable: string[] = []
  const certificates = new HostCertificates({
    secretOf: (namespace, name) => secrets[`${namespace}/${name}`],
    open: (certificate) => {
      if (certificate === "bad") throw new Error("no certificate")
      opened.push(certificate)
      return certificate
    },
    unusable: (key) => void unusable.push(key),
  })
  return { certificates, opened, unusable }
}

function ingress(name: string, tls: NonNullable<IngressView["spec"]>["tls"], created = "2026-01-01"): IngressView {
  const metadata = { name, namespace: "default", uid: name, creationTimestamp: created }
  return { metadata, spec: { rules: [rule("a.test"), rule("b.test")], tls } }
}

describe("certificates of hosts", () => {
  it("are found by host, whatever its case, and opened once", () => {
    const { certificates, opened } = shelf({ "default/one": secret("1") })
    certificates.put(ingress("app", [{ hosts: ["a.test"], secretName: "one" }]))
    expect(certificates.contextOf("A.test")).toBe("1")
    expect(certificates.contextOf("a.test")).toBe("1")
    expect(certificates.contextOf("b.test")).toBeUndefined()
    expect(opened).toEqual(["1"])
  })

  it("are for all hosts of an Ingress that names none", () => {
    const { certificates } = shelf({ "other/one": secret("1") })
    certificates.put(ingress("app", [{ secretName: "one", secretNamespace: "other" }]))
    expect(certificates.contextOf("b.test")).toBe("1")
  })

  it("change with their Secret", () => {
    const secrets = { "default/one": secret("1") }
    const { certificates } = shelf(secrets)
    certificates.put(ingress("app", [{ hosts: ["a.test"], secretName: "one" }]))
    expect(certificates.contextOf("a.test")).toBe("1")
    secrets["default/one"] = secret("2")
    expect(certificates.contextOf("a.test")).toBe("2")
  })

  it("are served on while their Secret is taken away, as long as an Ingress names it", () => {
    const secrets: Record<string, TlsSecretView> = { "default/one": secret("1") }
    const { certificates } = shelf(secrets)
    const app = ingress("app", [{ hosts: ["a.test"], secretName: "one" }])
    certificates.put(app)
    expect(certificates.contextOf("a.test")).toBe("1")
    delete secrets["default/one"]
    expect(certificates.contextOf("a.test")).toBe("1")
    certificates.remove(app)
    certificates.put(app)
    expect(certificates.contextOf("a.test")).toBeUndefined()
    expect(certificates.isComplete("default/app")).toBe(false)
  })

  it("are those of the oldest Ingress, and the next one's when that goes", () => {
    const { certificates } = shelf({ "default/one": secret("1"), "default/two": secret("2") })
    const older = ingress("older", [{ hosts: ["a.test"], secretName: "one" }], "2026-01-01")
    certificates.put(ingress("newer", [{ hosts: ["a.test"], secretName: "two" }], "2026-01-02"))
    certificates.put(older)
    expect(certificates.contextOf("a.test")).toBe("1")
    certificates.remove(older)
    expect(certificates.contextOf("a.test")).toBe("2")
    certificates.put({ ...ingress("newer", undefined) })
    expect(certificates.isWanted).toBe(false)
  })

  it("are complete when each of an Ingress can be used, and what cannot is told once", () => {
    const secrets: Record<string, TlsSecretView> = { "default/one": secret("1"), "default/two": secret("bad") }
    const { certificates, unusable } = shelf(secrets)
    const tls = ["one", "two"].map((secretName, at) => ({ hosts: [`${"ab"[at]}.test`], secretName }))
    certificates.put(ingress("app", tls))
    expect(certificates.isComplete("default/app")).toBe(false)
    expect(certificates.isComplete("default/app")).toBe(false)
    expect(unusable).toEqual(["default/two"])
    secrets["default/two"] = secret("2")
    expect(certificates.isComplete("default/app")).toBe(true)
    expect(certificates.isComplete("default/other")).toBe(true)
  })
})
