import { setImmediate } from "node:timers/promises"
import type { AnyObject } from "@wick/sdk/api/kind"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type SecureTestApi, startSecureTestApi } from "../../testing/start-secure.ts"

let api: SecureTestApi
let warnings: string | null = null

beforeAll(async () => {
  api = await startSecureTestApi()
})
afterAll(() => api[Symbol.asyncDispose]())

const policies = "/apis/admissionregistration.k8s.io/v1"
const maps = "/api/v1/namespaces/default/configmaps"

async function send(
  method: string,
  path: string,
  body?: unknown,
): Promise<AnyObject & { code?: number; message?: string; reason?: string }> {
  const init = {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  }
  const response = await api.fetch(new Request(`http://x${path}`, init))
  warnings = response.headers.get("warning")
  return response.json() as Promise<AnyObject>
}

const matchConstraints = {
  resourceRules: [
    { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["configmaps"] },
  ],
}

/** Puts one policy in force, and it alone. */
async function enforce(kind: "validating" | "mutating", spec: object, binding: object = {}): Promise<void> {
  const at = `${policies}/${kind}admissionpolic`
  const made = await send("POST", `${at}ies`, { metadata: { name: "demo" }, spec: { matchConstraints, ...spec } })
  expect(made.message).toBeUndefined()
  const bound = await send("POST", `${at}ybindings`, {
    metadata: { name: "demo-binding" },
    spec: { policyName: "demo", ...binding },
  })
  expect(bound.message).toBeUndefined()
  await setImmediate()
}

beforeEach(async () => {
  for (const kind of ["validating", "mutating"]) {
    await send("DELETE", `${policies}/${kind}admissionpolicybindings/demo-binding`)
    await send("DELETE", `${policies}/${kind}admissionpolicies/demo`)
  }
  await setImmediate()
  await send("DELETE", `${maps}/m`)
})

const create = (data: Record<string, string>, name = "m"): ReturnType<typeof send> =>
  send("POST", maps, { metadata: { name }, data })

describe("a validating policy that is bound", () => {
  it("refuses in Kubernetes' words what its expression does not hold for", async () => {
    await enforce(
      "validating",
      { validations: [{ expression: "object.data.size() <= 1" }] },
      { validationActions: ["Deny"] },
    )
    expect((await create({ a: "1" })).message).toBeUndefined()
    const refused = await create({ a: "1", b: "2" }, "n")
    expect(refused).toMatchObject({ code: 422, reason: "Invalid" })
    expect(refused.message).toBe(
      `configmaps "n" is forbidden: ValidatingAdmissionPolicy 'demo' with binding 'demo-binding' denied request: failed expression: object.data.size() <= 1`,
    )
  })

  it("says its own message, made of variables that are evaluated when they are read", async () => {
    await enforce("validating", {
      variables: [
        { name: "count", expression: "object.data.size()" },
        { name: "never", expression: "object.nothing.here" },
        { name: "twice", expression: "variables.count * 2" },
      ],
      validations: [
        {
          expression: "variables.count < 2 || variables.never",
          messageExpression: "'twice is ' + string(variables.twice)",
          reason: "Forbidden",
        },
      ],
    })
    expect((await create({ a: "1" })).message).toBeUndefined()
    await enforceChange({
      validations: [
        {
          expression: "variables.twice < 4",
          messageExpression: "'twice is ' + string(variables.twice)",
          reason: "Forbidden",
        },
      ],
    })
    const refused = await create({ a: "1", b: "2" }, "n")
    expect(refused).toMatchObject({ code: 403, reason: "Forbidden" })
    expect(refused.message).toContain("denied request: twice is 4")
  })

  async function enforceChange(spec: object): Promise<void> {
    const live = await send("GET", `${policies}/validatingadmissionpolicies/demo`)
    const changed = await send("PUT", `${policies}/validatingadmissionpolicies/demo`, {
      ...live,
      spec: { ...(live.spec as object), ...spec },
    })
    expect(changed.metadata.generation).toBe(2)
    expect(changed.status).toMatchObject({ observedGeneration: 2 })
    await setImmediate()
  }

  it("only warns where that is all its binding asks", async () => {
    await enforce(
      "validating",
      { validations: [{ expression: "false", message: "old fashioned" }] },
      { validationActions: ["Warn"] },
    )
    expect((await create({ a: "1" })).message).toBeUndefined()
    expect(warnings).toContain(
      "Validation failed for ValidatingAdmissionPolicy 'demo' with binding 'demo-binding': old fashioned",
    )
  })

  it("takes parameters from the object that its binding names, and misses them as it is told", async () => {
    const paramRef = { name: "limits", namespace: "default", parameterNotFoundAction: "Deny" }
    await enforce(
      "validating",
      {
        paramKind: { apiVersion: "v1", kind: "ConfigMap" },
        matchConditions: [{ name: "not-limits", expression: "request.name != 'limits'" }],
        validations: [
          {
            expression: "object.data.size() <= int(params.data.max)",
            messageExpression: "'at most ' + params.data.max",
          },
        ],
      },
      {
        paramRef,
        matchResources: { objectSelector: { matchExpressions: [{ key: "limits", operator: "DoesNotExist" }] } },
      },
    )
    expect((await create({ a: "1" })).message).toContain(
      "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
    )
    await send("POST", maps, { metadata: { name: "limits", labels: { limits: "yes" } }, data: { max: "1" } })
    expect((await create({ a: "1", b: "2" })).message).toContain("denied request: at most 1")
    expect((await create({ a: "1" })).message).toBeUndefined()
    await send("DELETE", `${maps}/limits`)
  })

  it("asks the authorizer, and decides by failurePolicy what an error means", async () => {
    const mayDelete = "authorizer.group('').resource('configmaps').namespace('default').check('delete').allowed()"
    await enforce("validating", {
      validations: [{ expression: `${mayDelete} && authorizer.requestResource.check('get').allowed()` }],
    })
    expect((await create({ a: "1" })).message).toBeUndefined()
    await send("DELETE", `${policies}/validatingadmissionpolicies/demo`)
    await send("DELETE", `${policies}/validatingadmissionpolicybindings/demo-binding`)
    await enforce("validating", { failurePolicy: "Fail", validations: [{ expression: "object.data.zzz == '1'" }] })
    expect((await create({ a: "1" }, "n")).message).toContain(
      "expression 'object.data.zzz == '1'' resulted in error: no such key: zzz",
    )
  })

  it("is refused when an expression of it makes no sense", async () => {
    const spec = { matchConstraints, validations: [{ expression: "object.x +" }, { expression: "1" }] }
    const refused = await send("POST", `${policies}/validatingadmissionpolicies`, { metadata: { name: "bad" }, spec })
    expect(refused.code).toBe(422)
    expect(refused.message).toContain(
      'spec.validations[0].expression: Invalid value: "object.x +": compilation failed: ERROR: <input>:1:11',
    )
    expect(refused.message).toContain('spec.validations[1].expression: Invalid value: "1": must evaluate to bool')
  })

  it("cannot keep itself from being changed", async () => {
    const everything = {
      resourceRules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"] }],
    }
    await enforce("validating", { matchConstraints: everything, validations: [{ expression: "false" }] })
    expect((await create({ a: "1" })).code).toBe(422)
    expect((await send("DELETE", `${policies}/validatingadmissionpolicies/demo`)).code).not.toBe(422)
  })
})

describe("a mutating policy that is bound", () => {
  it("merges a configuration into the object", async () => {
    await enforce("mutating", {
      mutations: [
        {
          patchType: "ApplyConfiguration",
          applyConfiguration: {
            expression: "Object{metadata: Object.metadata{labels: {'team': object.data.team}}, data: {'n': '1'}}",
          },
        },
      ],
    })
    const made = await create({ team: "red" })
    expect(made.metadata.labels).toEqual({ team: "red" })
    expect(made.data).toEqual({ team: "red", n: "1" })
  })

  it("patches the object, one change after the other", async () => {
    const add = (key: string, value: string): object => ({
      patchType: "JSONPatch",
      jsonPatch: {
        expression: `[JSONPatch{op: "add", path: "/data/" + jsonpatch.escapeKey("${key}"), value: ${value}}]`,
      },
    })
    await enforce("mutating", { mutations: [add("a.b", "'x'"), add("c", "object.data['a.b'] + 'y'")] })
    expect((await create({ z: "0" })).data).toEqual({ z: "0", "a.b": "x", c: "xy" })
  })

  it("merges lists of a pod by their keys, and may not touch what is replaced as a whole", async () => {
    const pods = {
      resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
    }
    const env = "Object.spec.containers.env{name: 'A', value: '1'}"
    const expression = `Object{spec: Object.spec{containers: [Object.spec.containers{name: 'main', env: [${env}]}]}}`
    await enforce("mutating", {
      matchConstraints: pods,
      mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression } }],
    })
    const spec = { containers: [{ name: "main", image: "i", env: [{ name: "B", value: "2" }] }] }
    await send("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } })
    const pod = await send("POST", "/api/v1/namespaces/default/pods", { metadata: { name: "p" }, spec })
    const [main] = (pod.spec as { containers: { image: string; env: { name: string }[] }[] }).containers
    expect(main?.image).toBe("i")
    expect(main?.env.map(({ name }) => name)).toEqual(["B", "A"])
  })

  it("may not make the object another one", async () => {
    const expression = "Object{metadata: Object.metadata{name: 'other'}}"
    await enforce("mutating", { mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression } }] })
    expect((await create({ a: "1" })).message).toContain("may not change apiVersion, kind or the identity of an object")
  })
})
