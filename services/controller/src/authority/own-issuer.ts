import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import type { Issuer } from "../reconcilers/certificate/issuer.ts"
import { fingerprintOf, servingAuthority } from "./serving-authority.ts"
import { signedBy } from "./x509.ts"

/** As long as public authorities give; renewed with a third left. */
const leafLifetimeMs = 90 * 86_400_000

/** Serving's own authority as an issuer: it asks nobody, so an order is done at the first look. */
export function ownIssuer(client: Client, clock: Clock): Issuer {
  return {
    identity: async () => `serving-ca ${fingerprintOf(await servingAuthority(client, clock.now()))}`,
    issue: async ({ domains }) => {
      const nowMs = clock.now()
      const authority = await servingAuthority(client, nowMs)
      const { certificatePem, privateKeyPem } = await signedBy(authority, domains, {
        nowMs,
        lifetimeMs: leafLifetimeMs,
      })
      return { kind: "issued", chain: { chainPem: certificatePem, privateKeyPem, authorityPem: authority.bundlePem } }
    },
    forget: () => {},
  }
}
