import { WireError } from "@wick/sdk/protobuf"
import fc from "fast-check"
import { expect, it } from "vitest"
import { decodeProtobuf } from "./decode.ts"

type Part = [number: number, value: string | Uint8Array | number]

/** A message of parts, as a Go client would write it. */
function message(...parts: Part[]): Uint8Array {
  return Buffer.concat(
    parts.map(([number, value]) => {
      if (typeof value === "number") return Buffer.from([number << 3, value])
      const bytes = Buffer.from(value)
      return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
    }),
  )
}

const object = (apiVersion: string, kind: string, raw: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from("k8s\0"), message([1, message([1, apiVersion], [2, kind])], [2, raw])])

it("reads maps, metadata and times of a ConfigMap, without what Go writes empty", () => {
  const meta = message([1, "a"], [2, ""], [3, "default"], [8, message()], [11, message([1, "k"], [2, "v"])])
  const raw = message([1, meta], [2, message([1, "x"], [2, "1"])])
  expect(decodeProtobuf(object("v1", "ConfigMap", raw))).toEqual({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", namespace: "default", labels: { k: "v" } },
    data: { x: "1" },
  })
})

it("puts what Go embeds where JSON has it", () => {
  const volume = message([1, "v"], [2, message([2, message()])])
  const pod = message([1, message([1, "p"])], [2, message([1, volume])])
  expect(decodeProtobuf(object("v1", "Pod", pod))).toMatchObject({ spec: { volumes: [{ name: "v", emptyDir: {} }] } })
})

it("keeps a number that is zero on purpose", () => {
  const deployment = message([1, message([1, "d"])], [2, message([1, 0])])
  expect(decodeProtobuf(object("apps/v1", "Deployment", deployment))).toMatchObject({ spec: { replicas: 0 } })
})

it("keeps a rolling update that may do without no pod, and lets a target port that was never set be chosen", () => {
  const none = message([1, 0], [2, 0])
  const strategy = message([1, "RollingUpdate"], [2, message([1, none], [2, message([1, 1], [3, "25%"])])])
  const deployment = message([1, message([1, "d"])], [2, message([4, strategy])])
  const rollingUpdate = { maxUnavailable: 0, maxSurge: "25%" }
  expect(decodeProtobuf(object("apps/v1", "Deployment", deployment))).toMatchObject({
    spec: { strategy: { rollingUpdate } },
  })
  const service = message([1, message([1, "s"])], [2, message([1, message([3, 80], [4, none])])])
  expect(decodeProtobuf(object("v1", "Service", service))).toMatchObject({ spec: { ports: [{ port: 80 }] } })
  expect(JSON.stringify(decodeProtobuf(object("v1", "Service", service)))).not.toContain("targetPort")
})

it("reads the source of a volume where JSON has it, and zeros that count", () => {
  const source = message([3, message([1, "/data"])])
  const volume = message([1, message([1, "v"])], [2, message([2, source])])
  expect(decodeProtobuf(object("v1", "PersistentVolume", volume))).toMatchObject({
    spec: { hostPath: { path: "/data" } },
  })
  const job = message([1, message([1, "j"])], [2, message([1, 0], [7, 0])])
  expect(decodeProtobuf(object("batch/v1", "Job", job))).toMatchObject({ spec: { parallelism: 0, backoffLimit: 0 } })
})

it("reads the lists in what a token says of its user", () => {
  const extra = message([1, "scopes"], [2, message([1, "a"], [1, "b"])])
  const review = message([1, message()], [3, message([2, message([1, "jo"], [4, extra])])])
  expect(decodeProtobuf(object("authentication.k8s.io/v1", "TokenReview", review))).toMatchObject({
    status: { user: { username: "jo", extra: { scopes: ["a", "b"] } } },
  })
})

it("says which kind it does not know", () => {
  expect(() => decodeProtobuf(object("x/v1", "Thing", message()))).toThrow('no kind "Thing" in version "x/v1"')
})

it("refuses any other bytes, and neither hangs nor breaks", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const body = object("v1", "Pod", bytes.slice(0, 100))
      try {
        decodeProtobuf(body)
      } catch (error) {
        expect(error instanceof WireError || error instanceof SyntaxError).toBe(true)
      }
    }),
  )
})
