import { readFile } from "node:fs/promises"
import { createClient } from "@wick/sdk/client"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { type Cluster, clusterOf, declareConformance, topics } from "@wick/sdk/conformance"
import { createInformers } from "@wick/sdk/controller"
import { parseKubeconfig } from "@wick/sdk/kubeconfig"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, it } from "vitest"
import { startControllers } from "#controllers"
import { startSecureTestApi } from "./testing/start-secure.ts"

/** The suite that any Kubernetes can be held against, against ours: the API server in full, and its controllers. */
const running = new AsyncDisposableStack()
let cluster: Cluster

beforeAll(async () => {
  const api = running.use(await startSecureTestApi())
  const client = createClient({ fetch: api.fetch })
  const informers = running.use(createInformers(client, systemClock, silentLog))
  const common = { clock: systemClock, random: seededRandom(1), log: silentLog }
  running.use(startControllers({ ...common, client, informers, certificateAuthority: api.pki.authorityPem }))
  const config = parseKubeconfig(await readFile(api.kubeconfig, "utf8"))
  const { certificatePem, privateKeyPem } = api.pki.serving
  cluster = running.use(
    await clusterOf(config, systemClock, {
      webhookHost: {
        host: "127.0.0.1",
        certificate: certificatePem,
        key: privateKeyPem,
        authority: api.pki.authorityPem,
      },
    }),
  )
})
afterAll(() => running.disposeAsync())

declareConformance({ describe, it }, topics, () => cluster, { clock: systemClock, offers: ["webhooks"] })
