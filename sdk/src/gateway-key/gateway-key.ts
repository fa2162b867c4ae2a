import { randomBytes } from "node:crypto"
import * as z from "zod"
import { Secret } from "../api/core/secret.ts"
import { defineKind } from "../api/kind.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { systemNamespace } from "../api/serving/config/index.ts"
import { gatewayKeySecret } from "../api/serving/roles.ts"
import type { Client } from "../client/index.ts"
import { type Informer, type Informers, subject } from "../controller/index.ts"
import type { Log } from "../telemetry/log.ts"

/** The key, as the cluster has it at the moment. */
export interface GatewayKey {
  current(): Buffer | undefined
}

const field = "key"
const keyBytes = 32

/** All that is read of the Secret: gateways have no use for a Secret's whole schema. */
const WatchedSecret = defineKind({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  description: "Where the key is.",
  schema: z.object({ data: z.custom<Readonly<Record<string, string>> | undefined>() }),
})

/** The key as whoever keeps it has made it; none before that. */
export function followGatewayKey(informers: Informers): GatewayKey {
  return keyOf(watched(informers))
}

/**
 * The same, and sees to it that there is one: it is made when it is missing, so an operator who deletes the Secret gets
 * another key, which holds for everybody from that moment on.
 */
export async function keepGatewayKey(client: Client, informers: Informers, log: Log): Promise<GatewayKey> {
  const secrets = watched(informers)
  await secrets.synced
  if (read(secrets) === undefined) {
    await make(client)
    await secrets.caughtUp()
  }
  secrets.onChange((change) => {
    if (change.after || subject(change).metadata.name !== gatewayKeySecret) return
    make(client).catch((error: Error) => log.error("cannot make the gateways' key", { error }))
  })
  return keyOf(secrets)
}

function watched(informers: Informers): Informer<typeof WatchedSecret> {
  return informers(WatchedSecret, {
    namespace: systemNamespace,
    fieldSelector: { "metadata.name": gatewayKeySecret },
  })
}

/** The text of the key is decoded once for each text. */
function keyOf(secrets: Informer<typeof WatchedSecret>): GatewayKey {
  let text: string | undefined
  let key: Buffer | undefined
  return {
    current: () => {
      const now = read(secrets)
      if (now !== text) {
        text = now
        key = now === undefined ? undefined : Buffer.from(now, "base64")
      }
      return key
    },
  }
}

function read(secrets: Informer<typeof WatchedSecret>): string | undefined {
  return secrets.get(gatewayKeySecret, systemNamespace)?.data?.[field] || undefined
}

async function make(client: Client): Promise<void> {
  const metadata = { name: gatewayKeySecret, namespace: systemNamespace }
  try {
    await client.create(Secret, { metadata, data: { [field]: randomBytes(keyBytes).toString("base64") } })
  } catch (error) {
    // Another controller was faster.
    if (!isStatus(error, "AlreadyExists")) throw error
  }
}
