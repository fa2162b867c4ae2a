import { Secret } from "@wick/sdk/api/core/secret"
import type { Client } from "@wick/sdk/client"
import { VolumeProblem } from "../volume/payload.ts"

export interface SecretPlace {
  readonly namespace: string
  readonly name: string
}

/** What a driver is to know and nobody else: read when it is asked, handed over, and neither kept nor logged. */
export async function driverSecret(
  client: Client,
  field: string,
  place: SecretPlace | undefined,
): Promise<Record<string, string>> {
  if (!place) return {}
  const { name, namespace } = place
  try {
    const { data = {} } = await client.get(Secret, { name, namespace })
    return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString()]))
  } catch (error) {
    throw new VolumeProblem(`fetching ${field} ${namespace}/${name} failed: ${(error as Error).message}`)
  }
}
