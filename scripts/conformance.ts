import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { isIP } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, describe, it } from "node:test"
import { parseArgs } from "node:util"
import { findCluster } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import {
  clusterOf,
  declareConformance,
  type FunctionHost,
  topics as kubernetes,
  type Need,
  pushSpecimen,
  serving,
  type Topic,
  type WebhookHost,
} from "@wick/sdk/conformance"

/**
 * Holds a cluster against the conformance suite:
 *
 *     npm run conformance -- [--kubeconfig FILE] [--context NAME] [--topic a,b] [--match WORDS] [--webhook-host ADDRESS]
 *     npm run conformance -- --topic serving --gateway HOST:PORT --registry HOST:PORT
 */
const { values } = parseArgs({
  options: {
    kubeconfig: { type: "string" },
    context: { type: "string" },
    topic: { type: "string" },
    match: { type: "string" },
    "webhook-host": { type: "string" },
    gateway: { type: "string" },
    registry: { type: "string" },
  },
})

const topics = [...kubernetes, serving]
const known = topics.map(({ name }) => name)
const wanted = values.topic?.split(",") ?? kubernetes.map(({ name }) => name)
const unknown = wanted.find((name) => !known.includes(name))
if (unknown !== undefined) {
  process.stderr.write(`error: there is no topic ${unknown}\ntry:   --topic with some of ${known.join(",")}\n`)
  process.exit(2)
}

const host = values["webhook-host"]
const config = await findCluster({ kubeconfig: values.kubeconfig, context: values.context, env: process.env })
const functions = await functionHost()
const cluster = await clusterOf(config, systemClock, {
  ...(host !== undefined && { webhookHost: webhookHost(host) }),
  ...(functions && { functionHost: functions }),
})
const offers: Need[] = [
  ...(host === undefined ? [] : ["webhooks" as const]),
  ...(functions ? ["functions" as const] : []),
]
declareConformance(
  { describe: (name, body) => describe(name, { concurrency: 30 }, body), it },
  topics.filter(isWanted).map(matching),
  () => cluster,
  { clock: systemClock, offers },
)
after(() => cluster[Symbol.asyncDispose]())

function isWanted({ name }: Topic): boolean {
  return wanted.includes(name)
}

function matching({ name, cases }: Topic): Topic {
  const { match } = values
  return { name, cases: match === undefined ? cases : cases.filter(({ title }) => title.includes(match)) }
}

/** The gateway that was named, and the specimen in the registry that was named. */
async function functionHost(): Promise<FunctionHost | undefined> {
  const { gateway, registry } = values
  if (gateway === undefined || registry === undefined) return undefined
  const { hostname, port } = new URL(`http://${gateway}`)
  return { gateway: { host: hostname, port: Number(port || 80) }, specimen: await pushSpecimen(registry) }
}

/** A certificate for webhooks of this run, which signs itself. */
function webhookHost(address: string): WebhookHost {
  const directory = mkdtempSync(join(tmpdir(), "wick-conformance-"))
  try {
    const [key, certificate] = [join(directory, "key.pem"), join(directory, "certificate.pem")]
    const name = `subjectAltName=${isIP(address) ? "IP" : "DNS"}:${address}`
    const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    const files = ["-keyout", key, "-out", certificate]
    execFileSync("openssl", [...request, ...files, "-subj", "/CN=conformance", "-addext", name], { stdio: "pipe" })
    const pem = readFileSync(certificate, "utf8")
    return { host: address, certificate: pem, key: readFileSync(key, "utf8"), authority: pem }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
