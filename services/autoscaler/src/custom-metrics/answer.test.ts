import { describe, expect, it } from "vitest"
import { answer, type LoadOfPods } from "./answer.ts"

const nowMs = Date.parse("2026-01-01T00:00:00Z")
const asked: unknown[] = []
const loadOf: LoadOfPods = (question) => {
  asked.push(question)
  return question.pod === "gone" ? [] : [{ name: "hello-1-a", value: 12.5, windowMs: 60_000 }]
}
const get = (path: string) => answer(new URL(`https://api/apis/custom.metrics.k8s.io/v1beta2${path}`), loadOf, nowMs)

describe("the API of custom metrics", () => {
  it("tells which metrics there are", () => {
    const { resources } = get("").body as { resources: { name: string }[] }
    expect(resources.map(({ name }) => name)).toEqual(["pods/concurrency", "pods/rps"])
  })

  it("tells the load of every pod that is selected", () => {
    const { status, body } = get("/namespaces/shop/pods/*/rps?labelSelector=a%3Db")
    expect(asked.at(-1)).toEqual({ namespace: "shop", pod: "*", selector: "a=b", metric: "rps" })
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        kind: "MetricValueList",
        items: [
          {
            describedObject: { kind: "Pod", namespace: "shop", name: "hello-1-a", apiVersion: "/v1" },
            metric: { name: "rps" },
            timestamp: "2026-01-01T00:00:00Z",
            windowSeconds: 60,
            value: "12500m",
          },
        ],
      },
    })
  })

  it.each(["/namespaces/shop/pods/*/latency", "/namespaces/shop/pods/gone/rps", "/namespaces/shop/services/a/rps"])(
    "knows nothing of %s",
    (path) => expect(get(path)).toMatchObject({ status: 404, body: { reason: "NotFound" } }),
  )
})
