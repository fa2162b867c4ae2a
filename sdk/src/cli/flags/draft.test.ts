import { describe, expect, it } from "vitest"
import { helloAfter } from "./testing/hello-after.ts"

const template = (line: string[], existing = helloAfter(["-i", "a"]), facts = {}) =>
  helloAfter(line, existing, facts).spec?.template

describe("a service after flags", () => {
  it("is made of nothing but what the flags say", () => {
    expect(helloAfter(["--image", "a"])).toEqual({
      apiVersion: "serving.knative.dev/v1",
      kind: "Service",
      metadata: { name: "hello", namespace: "default" },
      spec: {
        template: { spec: { containers: [{ name: "user-container", image: "a" }] } },
        traffic: [{ latestRevision: true, percent: 100 }],
      },
    })
  })

  it("keeps what no flag mentions, whatever it is", () => {
    const before = {
      apiVersion: "serving.knative.dev/v1",
      kind: "Service",
      metadata: {
        name: "hello",
        namespace: "default",
        resourceVersion: "7",
        finalizers: ["a.b/c"],
        ownerReferences: [{ kind: "ConfigMap", name: "x" }],
        labels: { l: "1" },
        annotations: { "serving.knative.dev/creator": "ann" },
      },
      spec: {
        template: {
          metadata: { labels: { t: "1" }, annotations: { "autoscaling.knative.dev/min-scale": "1" } },
          spec: {
            enableServiceLinks: false,
            timeoutSeconds: 9,
            containers: [
              { name: "c", image: "a", lifecycle: {}, workingDir: "/w" },
              { name: "side", image: "s" },
            ],
          },
        },
        traffic: [{ revisionName: "hello-00001", percent: 100 }],
      },
    }
    const after = helloAfter([], before as never)
    expect(after).toEqual(before)
    const { spec } = helloAfter(["--env", "A=1"], before as never)
    const [container, ...others] = before.spec.template.spec.containers
    expect(spec?.template).toEqual({
      ...before.spec.template,
      spec: {
        ...before.spec.template.spec,
        containers: [{ ...container, env: [{ name: "A", value: "1" }] }, ...others],
      },
    })
  })

  it("does not change the one that it was made of", () => {
    const before = helloAfter(["-i", "a", "-e", "A=1", "-l", "x=y"])
    const copy = structuredClone(before)
    helloAfter(["-e", "A-", "-l", "x-", "--mount", "/d=cm:m", "--tag", "now", "--limit", "cpu=1"], before)
    expect(before).toEqual(copy)
  })
})

describe("the name of the next revision", () => {
  const named = helloAfter(["-i", "a", "--revision-name", "one"])

  it.each([
    ["two", "hello-two"],
    ["hello-two", "hello-two"],
    ["{{.Service}}-g{{.Generation}}", "hello-g1"],
  ])("is said by --revision-name %s", (given, name) => {
    expect(template(["--revision-name", given])?.metadata?.name).toBe(name)
  })

  it("can be left to chance", () => {
    const name = template(["--revision-name", "{{.Service}}-{{.Random 5}}-{{.Generation}}"])?.metadata?.name
    expect(name).toMatch(/^hello-[b-z]{5}-1$/)
  })

  it("stays while its template does, and is the server's when that changes", () => {
    expect(template(["--tag", "now", "--label-service", "a=b"], named)?.metadata?.name).toBe("hello-one")
    expect(template(["-i", "b"], named)?.metadata?.name).toBeUndefined()
  })

  it("is sent as it was chosen, so that the server can say that it is taken", () => {
    expect(template(["-i", "b", "--revision-name", "one"], named)?.metadata?.name).toBe("hello-one")
  })
})

describe("the image that runs", () => {
  const user = "client.knative.dev/user-image"
  const digest = "a@sha256:1"
  const locked = helloAfter(["--env", "A=1", "--lock-to-digest"], helloAfter(["-i", "a"]), { runningImage: digest })
  const look = (service: typeof locked): unknown => [
    service.spec?.template?.spec?.containers?.[0]?.image,
    service.spec?.template?.metadata?.annotations?.[user],
  ]

  it("is held by its digest when that is asked for, and the one that was meant is noted", () => {
    expect(look(locked)).toEqual([digest, "a"])
  })

  it("stays held as long as none is given, and is then the given one", () => {
    expect(look(helloAfter(["-e", "A=2"], locked, { runningImage: digest }))).toEqual([digest, "a"])
    expect(look(helloAfter(["-i", "b"], locked, { runningImage: digest }))).toEqual(["b", "b"])
  })

  it("is the one that was meant when it is let go", () => {
    expect(look(helloAfter(["--no-lock-to-digest"], locked, { runningImage: digest }))).toEqual(["a", undefined])
  })

  it("follows the tag where nobody has asked to hold it", () => {
    expect(look(helloAfter(["-e", "A=2"], helloAfter(["-i", "a"]), { runningImage: digest }))).toEqual(["a", undefined])
  })
})
