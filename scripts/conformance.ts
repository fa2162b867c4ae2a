import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { isIP } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, describe, it } from "node:test"
import { parseArgs } from "node:util"
import { findCluster } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import { clusterOf, declareConformance, type Topic, topics, type WebhookHost } from "@wick/sdk/conformance"

/**
 * Holds a cluster against the conformance suite:
 *
 *     npm run conformance -- [--kubeconfig FILE] [--context NAME] [--topic a,b] [--match WORDS] [--webhook-host ADDRESS]
 */
const { values } = parseArgs({
  options: {
    kubeconfig: { type: "string" },
    context: { type: "string" },
    topic: { type: "string" },
    match: { type: "string" },
    "webhook-host": { type: "string" },
  },
})

const known = topics.map(({ name }) => name)
const wanted = values.topic?.split(",") ?? known
const unknown = wanted.find((name) => !known.includes(name))
if (unknown !== undefined) {
  process.stderr.write(`error: there is no topic ${unknown}\ntry:   --topic with some of ${known.join(",")}\n`)
  process.exit(2)
}

const host = values["webhook-host"]
const config = await findCluster({ kubeconfig: values.kubeconfig, context: values.context, env: process.env })
const cluster = await clusterOf(config, systemClock, host === undefined ? undefined : webhookHost(host))
const options = { clock: systemClock, webhooks: host !== undefined }
declareConformance({ describe, it }, topics.filter(isWanted).map(matching), () => cluster, options)
after(() => cluster[Symbol.asyncDispose]())

function isWanted({ name }: Topic): boolean {
  return wanted.includes(name)
}

function matching({ name, cases }: Topic): Topic {
  const { match } = values
  return { name, cases: match === undefined ? cases : cases.filter(({ title }) => title.includes(match)) }
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
