import { expect, it } from "vitest"
import { type RevisionView, revisionSpec } from "./revision-spec.ts"

const serving = (container: object): RevisionView => ({ spec: { containers: [container] } })

it("a port that has only a name is the usual one, whose protocol the name says", () => {
  const spec = revisionSpec(serving({ ports: [{ name: "h2c", containerPort: 0 }] }), true)
  expect([spec.port, spec.protocol, spec.probe]).toEqual([8080, "h2c", { kind: "tcp", port: 8080 }])
})

it("a probe by TLS is the node's, whatever the case of its scheme", () => {
  const asked = (scheme: string) => revisionSpec(serving({ readinessProbe: { httpGet: { scheme } } }), true).probe.kind
  expect([asked("https"), asked("HTTPS"), asked("http")]).toEqual(["kubelet", "kubelet", "http"])
})
