import { Pod } from "../../api/core/pod.ts"
import { ServiceAccount } from "../../api/core/service-account.ts"
import { requestToken } from "../../client/index.ts"
import { equal, holds, includes, isRefusal, refused } from "../expectation.ts"
import { eventually } from "../patience.ts"
import { pod } from "../samples.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"
import { reviews, whoami } from "./identities.ts"

async function robot({ client, namespace }: World) {
  return client.create(ServiceAccount, { metadata: { name: "robot", namespace } })
}

/** What the API server makes of a token, for these audiences. */
async function reviewed({ wire }: World, token: string, audiences?: string[]) {
  const spec = { token, ...(audiences && { audiences }) }
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec }
  return (await wire("POST", reviews.token, review)).body.status
}

export const signing: Statement = (it) => {
  it("a service account's token is its name", async (world) => {
    const { client, namespace } = world
    const account = await robot(world)
    const { status } = await requestToken(client, { name: "robot", namespace })
    const { body } = await whoami(world, { kind: "token", token: status?.token ?? "" })
    const { username, uid, groups } = body.status.userInfo
    equal([username, uid], [`system:serviceaccount:${namespace}:robot`, account.metadata.uid])
    equal([...groups].sort(), ["system:authenticated", "system:serviceaccounts", `system:serviceaccounts:${namespace}`])
  })

  it("a token lasts as long as was asked for, and not too short", async (world) => {
    const { client, namespace, clock } = world
    await robot(world)
    const reference = { name: "robot", namespace }
    const { spec, status } = await requestToken(client, reference, { expirationSeconds: 3600 })
    equal(spec.expirationSeconds, 3600)
    const leftSeconds = (Date.parse(status?.expirationTimestamp ?? "") - clock.now()) / 1000
    holds(leftSeconds > 3000 && leftSeconds < 4200, "an hour, whatever the clocks say")
    await refused(requestToken(client, reference, { expirationSeconds: 60 }), {
      reason: "Invalid",
      code: 422,
      fields: ["spec.expirationSeconds"],
    })
    await refused(requestToken(client, { name: "nobody", namespace }), { reason: "NotFound", code: 404 })
  })

  it("a token is good for its audience alone", async (world) => {
    const { client, namespace } = world
    await robot(world)
    const { status } = await requestToken(client, { name: "robot", namespace }, { audiences: ["vault"] })
    const token = status?.token ?? ""
    equal((await whoami(world, { kind: "token", token })).code, 401)
    const right = await reviewed(world, token, ["vault"])
    equal([right.authenticated, right.audiences], [true, ["vault"]])
    const wrong = await reviewed(world, token, ["other"])
    equal(wrong.authenticated ?? false, false)
    holds(wrong.error, "and why")
  })

  it("a token that is bound to a pod dies with it", async (world) => {
    const { client, wire, path, namespace } = world
    await robot(world)
    const { body } = await wire("POST", path("pods"), pod("one", { serviceAccountName: "robot" }))
    const { name, uid } = body.metadata
    const boundObjectRef = { kind: "Pod", apiVersion: "v1", name, uid }
    const { status } = await requestToken(client, { name: "robot", namespace }, { boundObjectRef })
    const token = status?.token ?? ""
    const who = await reviewed(world, token)
    equal(who.authenticated, true)
    includes(who.user.extra, {
      "authentication.kubernetes.io/pod-name": ["one"],
      "authentication.kubernetes.io/pod-uid": [uid],
    })
    await client.delete(Pod, { name: "one", namespace }, { gracePeriodSeconds: 0 })
    await eventually(world.clock, async () => equal((await reviewed(world, token)).authenticated ?? false, false))
    equal((await whoami(world, { kind: "token", token })).code, 401)
  })

  it("a token is bound to a pod that there is", async (world) => {
    const { client, wire, path, namespace } = world
    await robot(world)
    const reference = { name: "robot", namespace }
    const nowhere = { kind: "Pod", apiVersion: "v1", name: "nobody" }
    await refused(requestToken(client, reference, { boundObjectRef: nowhere }), { reason: "NotFound", code: 404 })
    await wire("POST", path("pods"), pod("one", { serviceAccountName: "robot" }))
    const another = { kind: "Pod", apiVersion: "v1", name: "one", uid: "00000000-0000-4000-8000-000000000000" }
    await refused(requestToken(client, reference, { boundObjectRef: another }), { reason: "Conflict", code: 409 })
  })

  it("a token dies with its account", async (world) => {
    const { client, namespace } = world
    await robot(world)
    const { status } = await requestToken(client, { name: "robot", namespace })
    const token = status?.token ?? ""
    equal((await reviewed(world, token)).authenticated, true)
    await client.delete(ServiceAccount, { name: "robot", namespace })
    await eventually(world.clock, async () => equal((await reviewed(world, token)).authenticated ?? false, false))
  })

  it("an altered token is nobody's", async (world) => {
    const { client, namespace } = world
    await robot(world)
    const { status } = await requestToken(client, { name: "robot", namespace })
    const [head, body = "", signature] = (status?.token ?? "").split(".")
    const claims = JSON.parse(Buffer.from(body, "base64url").toString())
    const forged = { ...claims, sub: `system:serviceaccount:${namespace}:default` }
    const token = [head, Buffer.from(JSON.stringify(forged)).toString("base64url"), signature].join(".")
    const { body: answer } = await whoami(world, { kind: "token", token })
    isRefusal(answer, { reason: "Unauthorized", code: 401 })
  })
}
