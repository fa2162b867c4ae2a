import { describe, expect, it } from "vitest"
import { container, meta, refusal, service, serviceOf } from "../../testing/review.ts"

const dns1035 =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const named = (metadata: object) => ({ ...serviceOf({}), metadata: { namespace: "default", ...metadata } })

describe("the name of a service", () => {
  it.each([
    ["none", {}, "name or generateName is required: metadata.name"],
    ["one that no host can have", { name: "Hello" }, `not a DNS 1035 label: [${dns1035}]: metadata.name`],
    [
      "one that is too long",
      { name: "a".repeat(64) },
      "not a DNS 1035 label: [must be no more than 63 characters]: metadata.name",
    ],
    ["a beginning", { generateName: "hello-" }, ""],
    [
      "a beginning of none",
      { generateName: "Hello-" },
      `not a DNS 1035 label prefix: [${dns1035}]: metadata.generateName`,
    ],
  ])("%s", async (_, metadata, message) => expect(await refusal("Service", { object: named(metadata) })).toBe(message))
})

describe("the name of a revision", () => {
  const of = (name: string, image = container.image) =>
    service({ metadata: { name }, spec: { containers: [{ image }] } })
  const field = "spec.template.metadata.name"

  it.each([
    ["begins with its service's", "hello-first", ""],
    ["does not", "other", `invalid value: "other" must have prefix "hello-": ${field}`],
    ["is none", "Hello-", `invalid value: not a DNS 1035 label: [${dns1035}]: ${field}`],
  ])("%s", async (_, name, message) => expect(await refusal("Service", { object: of(name) })).toBe(message))

  it("cannot be chosen while the service's own is not known, and can afterwards", async () => {
    const unnamed = { ...of("hello-first"), metadata: { generateName: "hello" } }
    expect(await refusal("Service", { object: unnamed })).toBe(`must not set the field(s): ${field}`)
    const made = { ...of("hello-first"), metadata: { ...meta, generateName: "hel" } }
    expect(await refusal("Service", { object: made })).toBe("")
  })

  it("changes with what it stands for", async () => {
    const before = of("hello-first", "helloworld:bar")
    expect(await refusal("Service", { object: of("hello-first", "helloworld:foo"), before })).toBe(
      [
        `Saw the following changes without a name change (-old +new): ${field}`,
        "{*v1.RevisionTemplateSpec}.Spec.PodSpec.Containers[0].Image:",
        '\t-: "helloworld:bar"',
        '\t+: "helloworld:foo"\n',
      ].join("\n"),
    )
    expect(await refusal("Service", { object: of("hello-second", "helloworld:foo"), before })).toBe("")
    expect(await refusal("Service", { object: before, before })).toBe("")
  })
})

describe("a revision that is there", () => {
  const revision = (spec: object, annotations: object = {}) => ({
    metadata: { ...meta, annotations },
    spec: { containers: [container], ...spec },
  })

  it("keeps its spec", async () => {
    const asked = { before: revision({ timeoutSeconds: 5 }), object: revision({ timeoutSeconds: 6, containers: [] }) }
    expect(await refusal("Revision", asked)).toBe(
      [
        "Immutable fields changed (-old +new): spec",
        "{v1.RevisionSpec}.PodSpec.Containers[0]:",
        '\t-: "{"image":"registry.test/hello"}"',
        '\t+: "<nil>"',
        "{v1.RevisionSpec}.TimeoutSeconds:",
        '\t-: "5"',
        '\t+: "6"\n',
      ].join("\n"),
    )
  })

  it("may be scaled and kept otherwise, even if it could not be made any more", async () => {
    const old = { hostNetwork: true }
    const annotations = { "autoscaling.knative.dev/min-scale": "2", "serving.knative.dev/no-gc": "true" }
    expect(await refusal("Revision", { before: revision(old), object: revision(old, annotations) })).toBe("")
    const wrong = { "autoscaling.knative.dev/min-scale": "some" }
    expect(await refusal("Revision", { before: revision(old), object: revision(old, wrong) })).toBe(
      "invalid value: some: metadata.annotations.autoscaling.knative.dev/min-scale",
    )
  })

  it("needs the configuration that it names as an owner", async () => {
    const label = "serving.knative.dev/configuration"
    const object = { ...revision({}), metadata: { ...meta, labels: { [label]: "hello" } } }
    expect(await refusal("Revision", { object })).toBe(`missing field(s): metadata.labels.${label}`)
    const ownerReferences = [{ apiVersion: "serving.knative.dev/v1", kind: "Configuration", name: "hello", uid: "1" }]
    expect(
      await refusal("Revision", { object: { ...object, metadata: { ...object.metadata, ownerReferences } } }),
    ).toBe("")
  })

  it("keeps the label when its configuration is deleted without it, and takes no other", async () => {
    const label = "serving.knative.dev/configuration"
    const labelled = (name: string) => ({ ...revision({}), metadata: { ...meta, labels: { [label]: name } } })
    const ownerReferences = [{ apiVersion: "serving.knative.dev/v1", kind: "Configuration", name: "hello", uid: "1" }]
    const before = { ...labelled("hello"), metadata: { ...labelled("hello").metadata, ownerReferences } }
    expect(await refusal("Revision", { before, object: labelled("hello") })).toBe("")
    expect(await refusal("Revision", { before, object: labelled("other") })).toBe(
      `missing field(s): metadata.labels.${label}`,
    )
  })
})

describe("traffic", () => {
  const of = (...traffic: object[]) => service({ spec: { containers: [container] } }, { traffic })
  const latest = { latestRevision: true, percent: 100 }
  const at = "spec.traffic"

  it.each<[string, object, string]>([
    ["does not sum up", of({ latestRevision: true, percent: 90 }), `Traffic targets sum to 90, want 100: ${at}`],
    [
      "is more than all",
      of({ latestRevision: true, percent: 101 }),
      `Traffic targets sum to 101, want 100: ${at}\nexpected 0 <= 101 <= 100: ${at}[0].percent`,
    ],
    [
      "has a tag twice",
      of({ ...latest, tag: "a" }, { revisionName: "x", latestRevision: false, tag: "a" }),
      `Multiple definitions for "a": ${at}[0].tag, ${at}[1].tag`,
    ],
    [
      "has a tag that no host can have",
      of({ ...latest, tag: "A" }),
      `invalid value: not a DNS 1035 label: [${dns1035}]: ${at}.tag[0]`,
    ],
    [
      "goes to a revision and to the latest",
      of({ ...latest, revisionName: "x" }),
      `may not set revisionName "x" when latestRevision is true: ${at}[0].latestRevision`,
    ],
    [
      "goes to nothing",
      of({ latestRevision: false, percent: 100 }),
      `may not set revisionName "" when latestRevision is false: ${at}[0].latestRevision`,
    ],
    [
      "names a configuration",
      of({ ...latest, configurationName: "x" }),
      `must not set the field(s): ${at}[0].configurationName`,
    ],
    ["has a URL", of({ ...latest, tag: "a", url: "http://x" }), `must not set the field(s): ${at}[0].url`],
    ["may have nothing but a tag", of(latest, { tag: "next", latestRevision: true }), ""],
  ])("%s", async (_, object, message) => expect(await refusal("Service", { object })).toBe(message))

  it("of a route names what it goes to, and one thing", async () => {
    const route = (target: object) => ({ metadata: meta, spec: { traffic: [{ percent: 100, ...target }] } })
    const both = `${at}[0].configurationName, ${at}[0].revisionName`
    expect(await refusal("Route", { object: route({}) })).toBe(`expected exactly one, got neither: ${both}`)
    expect(await refusal("Route", { object: route({ configurationName: "a", revisionName: "b" }) })).toBe(
      `expected exactly one, got both: ${both}`,
    )
    expect(await refusal("Route", { object: route({ configurationName: "a" }) })).toBe("")
  })
})

describe("labels", () => {
  it("say of the network that an app is the cluster's own, or nothing", async () => {
    const key = "networking.knative.dev/visibility"
    const labelled = (value: string) => named({ name: "hello", labels: { [key]: value } })
    expect(await refusal("Service", { object: labelled("public") })).toBe(
      `invalid value: public: metadata.labels.${key}`,
    )
    expect(await refusal("Service", { object: labelled("cluster-local") })).toBe("")
  })

  it("of a route and a configuration name the service that owns them", async () => {
    const labels = { "serving.knative.dev/service": "hello" }
    const metadata = { ...meta, labels }
    for (const [kind, object] of [
      ["Route", { metadata, spec: { traffic: [{ configurationName: "a", percent: 100 }] } }],
      ["Configuration", { metadata, spec: { template: { spec: { containers: [container] } } } }],
    ] as const) {
      expect(await refusal(kind, { object })).toBe("missing field(s): metadata.labels.serving.knative.dev/service")
    }
  })
})

describe("who made an object", () => {
  const made = (creator: string, lastModifier: string, image = "a") => ({
    ...serviceOf({ image }),
    metadata: {
      ...meta,
      annotations: { "serving.knative.dev/creator": creator, "serving.knative.dev/lastModifier": lastModifier },
    },
  })

  it("stays who it was", async () => {
    expect(await refusal("Service", { before: made("ada", "ada"), object: made("bob", "ada") })).toBe(
      "annotation value is immutable: metadata.annotations.serving.knative.dev/creator",
    )
  })

  it("is not who changed it last, if nothing changed", async () => {
    expect(await refusal("Service", { before: made("ada", "ada"), object: made("ada", "bob") })).toBe(
      "invalid value: bob: metadata.annotations.serving.knative.dev/lastModifier",
    )
    expect(await refusal("Service", { before: made("ada", "ada"), object: made("ada", "bob", "b") })).toBe("")
  })
})

describe("a mapping of a domain", () => {
  const ref = { apiVersion: "serving.knative.dev/v1", kind: "Service", name: "hello" }
  const mapping = (name: string, given: object | undefined = ref) => ({
    metadata: { name, namespace: "default" },
    spec: { ref: given },
  })
  it.each<[string, object, string]>([
    ["of a name with a dot", mapping("hello.example.com"), ""],
    [
      "of a single word",
      mapping("hello"),
      'invalid name "hello": name: Invalid value: "hello": should be a domain with at least two segments separated by dots: metadata.name',
    ],
    [
      "of the cluster's own name",
      mapping("hello.default.svc.cluster.local"),
      'invalid name "hello.default.svc.cluster.local": must not be a subdomain of cluster local domain "cluster.local": metadata.name',
    ],
    [
      "to nothing in particular",
      mapping("a.example.com", {}),
      "missing field(s): spec.ref.apiVersion, spec.ref.kind, spec.ref.name",
    ],
    [
      "to another namespace",
      mapping("a.example.com", { ...ref, namespace: "other" }),
      'mismatched namespaces: spec.ref.namespace\nparent namespace: "default" does not match ref: "other"',
    ],
    [
      "of a name to come",
      { ...mapping("a.example.com"), metadata: { name: "a.example.com", generateName: "a" } },
      "must not set the field(s): metadata.generateName",
    ],
  ])("%s", async (_, object, message) => {
    expect(await refusal("DomainMapping", { object })).toBe(message)
  })
})
