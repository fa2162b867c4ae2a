import { ConfigMap } from "../../api/core/config-map.ts"
import { Secret } from "../../api/core/secret.ts"
import { equal, holds, includes, says } from "../expectation.ts"
import { eventually } from "../patience.ts"
import type { Loose } from "../samples.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"
import { answered, ask, type Changes, deploy, functionPatienceMs, urlOf } from "./functions.ts"

/** S60–S69, S75, S77: what a container finds when it runs. */
export const runtime: Statement = (it) => {
  it.withFunctions("S60: a container knows its port, service, configuration and revision", async (world) => {
    const { env } = await tells(world)
    includes(env, { PORT: "8080", K_SERVICE: "a", K_CONFIGURATION: "a", K_REVISION: "a-00001" })
    holds(
      !Object.keys(env).some((name) => name.endsWith("_SERVICE_HOST") && !name.startsWith("KUBERNETES")),
      "no Service is told",
    )
  })

  it.withFunctions("S60: PORT is the port that the container names", async (world) => {
    equal((await tells(world, { container: { ports: [{ containerPort: 9999 }] } })).env.PORT, "9999")
  })

  it.withFunctions("S61: a port named h2c is spoken to in HTTP/2", async (world) => {
    const ports = [{ containerPort: 8080, name: "h2c" }]
    equal((await tells(world, { container: { ports }, env: { PROTOCOL: "h2c" } })).httpVersion, "2.0")
  })

  it.withFunctions("S61: a port that has a name and the number 0 is the usual one, for probes too", async (world) => {
    const ports = [{ containerPort: 0, name: "h2c" }]
    const container = { ports, readinessProbe: { tcpSocket: { port: 0 } } }
    const { env, httpVersion } = await tells(world, { container, env: { PROTOCOL: "h2c" } })
    equal([env.PORT, httpVersion], ["8080", "2.0"])
  })

  it.withFunctions(
    "S61: with autodetect-http2, a port without a name is spoken to as its application speaks",
    async (world) => {
      const map = "/api/v1/namespaces/knative-serving/configmaps/config-features"
      const { patch } = world
      await patch("merge", map, { data: { "autodetect-http2": "enabled" } })
      world.afterwards(() => patch("merge", map, { data: { "autodetect-http2": null } }))
      const second = await deploy(world, "b", { env: { PROTOCOL: "h2c" } })
      // Its gateway may hear of the setting after the function.
      await eventually(world.clock, async () => equal((await ask(world, urlOf(second))).body?.httpVersion, "2.0"))
      equal((await tells(world)).httpVersion, "1.1")
    },
  )

  it.withFunctions("S62: headers arrive with Host and Forwarded, and none of ours", async (world) => {
    const url = urlOf(await deploy(world, "a"))
    const sent = {
      "x-mine": "1",
      "k-network-hash": "x",
      "knative-serving-revision": "x",
      "knative-serving-namespace": "x",
    }
    const { body } = await ask(world, url, { headers: sent })
    equal(body.headers.host, new URL(url).host)
    equal(body.headers["x-mine"], "1")
    says(body.headers.forwarded, /for=/)
    holds(body.headers["x-forwarded-for"], "X-Forwarded-For is there")
    for (const name of Object.keys(sent).slice(1)) equal(body.headers[name], undefined, name)
  })

  it.withFunctions("S63: its input is at an end, and the devices of the contract are there", async (world) => {
    const service = await deploy(world, "a")
    equal((await ask(world, urlOf(service))).body.input, "ended")
    for (const name of ["full", "null", "random", "tty", "urandom", "zero"]) {
      const { body } = await ask(world, urlOf(service, `/file?path=/dev/${name}`))
      equal(body.kind, "character device", name)
    }
    equal((await ask(world, urlOf(service, "/file?path=/proc/self/fd"))).body.kind, "directory")
    equal((await ask(world, urlOf(service, "/file?path=/tmp"))).body.mode.slice(-3), "777")
  })

  it.withFunctions("S64: it runs as the user that is asked for", async (world) => {
    equal((await tells(world, { container: { securityContext: { runAsUser: 65531 } } })).uid, 65531)
  })

  it.withFunctions("S65: limits are seen in the cgroup, which like sysctl is read-only", async (world) => {
    const limits = { cpu: "500m", memory: "256Mi" }
    const service = await deploy(world, "a", {
      container: { resources: { limits }, securityContext: { runAsUser: 0 } },
    })
    const read = async (...paths: string[]): Promise<string> => {
      const replies = await Promise.all(
        paths.map((path) => ask(world, urlOf(service, `/read?path=/sys/fs/cgroup/${path}`))),
      )
      return replies.find(({ body }) => body.text)?.body.text.trim()
    }
    // The second path of each is that of the first version of cgroups.
    equal(await read("memory.max", "memory/memory.limit_in_bytes"), "268435456")
    says(await read("cpu.max", "cpu/cpu.cfs_quota_us"), /^50000/)
    for (const path of ["/sys/fs/cgroup/new", "/proc/sys/kernel/shm_rmid_forced"]) {
      const { body } = await ask(world, urlOf(service, `/write?path=${path}&text=0`))
      equal(body.code, "EROFS", path)
    }
  })

  it.withFunctions(
    "S65: a container that takes more memory than it may is ended, and its call is told 502",
    async (world) => {
      const service = await deploy(world, "a", { container: { resources: { limits: { memory: "350Mi" } } } })
      equal((await ask(world, urlOf(service, "/bloat?megabytes=100"))).status, 200)
      equal((await ask(world, urlOf(service, "/bloat?megabytes=500"))).status, 502)
    },
  )

  it.withFunctions("S66: arguments and working directory are its own", async (world) => {
    const { directory } = await tells(world, { container: { workingDir: "/tmp" } })
    equal(directory, "/tmp")
  })

  it.withFunctions("S67: it is asked nothing before its readiness probe has passed", async (world) => {
    const readinessProbe = { httpGet: { path: "/healthy" }, periodSeconds: 0 }
    const service = await deploy(world, "a", { container: { readinessProbe }, env: { START_MS: "700" } })
    await answered(world, urlOf(service))
  })

  it.withFunctions("S67: a probe may write its scheme small", async (world) => {
    const readinessProbe = { httpGet: { path: "/healthy", scheme: "http" } }
    await tells(world, { container: { readinessProbe } })
  })

  it.withFunctions("S67: one that is ready no more gets no more requests", async (world) => {
    const readinessProbe = { httpGet: { path: "/healthy" }, periodSeconds: 1, failureThreshold: 1 }
    const service = await deploy(world, "a", { container: { readinessProbe }, spec: { timeoutSeconds: 2 } })
    await ask(world, urlOf(service, "/sicken"))
    const refused = async (): Promise<void> => holds((await ask(world, urlOf(service))).status >= 503, "refused")
    await eventually(world.clock, refused, functionPatienceMs)
  })

  it.withFunctions("S67: one that is alive no more is started anew", async (world) => {
    const livenessProbe = {
      httpGet: { path: "/healthy" },
      periodSeconds: 1,
      failureThreshold: 1,
      initialDelaySeconds: 5,
    }
    const service = await deploy(world, "a", { container: { livenessProbe } })
    await ask(world, urlOf(service, "/sicken"))
    const anew = async (): Promise<void> => {
      const { body } = await world.wire("GET", world.path("pods"))
      holds(
        body.items.some(({ status }: Loose) => status.containerStatuses?.[0]?.restartCount > 0),
        "it was started anew",
      )
      equal((await ask(world, urlOf(service, "/healthy"))).status, 200)
    }
    await eventually(world.clock, anew, functionPatienceMs)
  })

  it.withFunctions("S69: a second container is reached on localhost, and knows where it is", async (world) => {
    const { specimen } = world.functionHost
    const containers = [
      { name: "first", image: specimen, ports: [{ containerPort: 8080 }] },
      { name: "second", image: specimen, env: [{ name: "LISTEN", value: "9999" }] },
    ]
    const service = await deploy(world, "a", { spec: { containers } })
    await answered(world, urlOf(service))
    const { body } = await world.wire("GET", world.path("serving.knative.dev/v1 revisions", "/a-00001"))
    const statuses = body.status.containerStatuses.map(({ name, imageDigest }: Loose) => [
      name,
      /@sha256:/.test(imageDigest),
    ])
    equal(statuses.toSorted(), [
      ["first", true],
      ["second", true],
    ])
  })

  it.withFunctions("S75: its pods tell whose they are and stay when they are replaced", async (world) => {
    await deploy(world, "a", { template: { labels: { mine: "x" } } })
    const { body } = await world.wire("GET", world.path("pods", "?labelSelector=serving.knative.dev/revision=a-00001"))
    const [pod] = body.items
    includes(pod.metadata.labels, { app: "a-00001", mine: "x", "serving.knative.dev/service": "a" })
    equal(pod.metadata.annotations["kubectl.kubernetes.io/default-container"], "user-container")
    equal(pod.spec.containers.length, 1)
    equal(pod.spec.containers[0].terminationMessagePolicy, "FallbackToLogsOnError")
    equal(pod.spec.terminationGracePeriodSeconds, 300)
    const { body: deployment } = await world.wire("GET", world.path("apps/v1 deployments", "/a-00001-deployment"))
    includes(deployment.spec, { revisionHistoryLimit: 0, strategy: { rollingUpdate: { maxUnavailable: 0 } } })
  })

  it.withFunctions("S77: a ConfigMap, a Secret and a token are mounted, and a change is seen", async (world) => {
    const { client, namespace } = world
    await client.create(ConfigMap, { metadata: { name: "m", namespace }, data: { text: "first" } })
    await client.create(Secret, { metadata: { name: "s", namespace }, stringData: { text: "secret" } })
    const token = { serviceAccountToken: { audience: "somebody", expirationSeconds: 600, path: "token" } }
    const hidden = { secret: { name: "s", items: [{ key: "text", path: "hidden" }] } }
    const sources = [{ configMap: { name: "m" } }, hidden, token]
    const volumes = [{ name: "v", projected: { sources } }]
    const container = { volumeMounts: [{ name: "v", mountPath: "/v" }], envFrom: [{ configMapRef: { name: "m" } }] }
    const service = await deploy(world, "a", {
      spec: { volumes },
      container: { image: world.functionHost.specimen, ...container },
    })
    equal((await ask(world, urlOf(service))).body.env.text, "first")
    equal((await ask(world, urlOf(service, "/read?path=/v/hidden"))).body.text, "secret")
    const [, claims = ""] = (await ask(world, urlOf(service, "/read?path=/v/token"))).body.text.split(".")
    equal(JSON.parse(Buffer.from(claims, "base64url").toString()).aud, ["somebody"])
    await client.patch(ConfigMap, { name: "m", namespace }, { type: "merge", body: { data: { text: "second" } } })
    const reads = async (): Promise<void> =>
      equal((await ask(world, urlOf(service, "/read?path=/v/text"))).body.text, "second")
    await eventually(world.clock, reads, functionPatienceMs * 2)
  })
}

async function tells(world: World, changes: Changes = {}): Promise<Loose> {
  const { status, body, text } = await ask(world, urlOf(await deploy(world, "a", changes)))
  equal(status, 200, text)
  return body
}
