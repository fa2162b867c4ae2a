import { isStatus } from "@wick/sdk/api"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { type Controller, createController, done, subject, TerminalError, watchOf } from "@wick/sdk/controller"
import { labels } from "../../labels.ts"
import { putCertificate } from "../certificate/put.ts"
import { type Context, loopParts } from "../context.ts"
import { decide } from "./decide.ts"

/** Certificates of whole namespaces, where operators choose some (`namespace-wildcard-cert-selector`). */
export function startNamespaceCertificateController(context: Context): Controller {
  const { client, informers, config } = context
  const namespaces = informers(Namespace)
  const certificates = informers(Certificate, { indexes: { wildcardOf: namespaceOf } })
  const names = (): string[] => namespaces.list().map(({ metadata }) => metadata.name)
  return createController({
    name: "namespace-certificate",
    ...loopParts(context),
    watches: [
      watchOf(namespaces, (change) => [subject(change).metadata.name]),
      // One without the label may have had the name.
      watchOf(certificates, ({ before, after }) => (after ? namespaceOf(after) : [before?.metadata.namespace ?? ""])),
      {
        synced: config.synced,
        subscribe: (wake) => config.onChange(() => names().forEach(wake)),
      },
    ],
    reconcile: async (name) => {
      const namespace = namespaces.get(name)
      if (!namespace || namespace.metadata.deletionTimestamp) return done
      const found = certificates.byIndex("wildcardOf", name)
      const { put, remove, mistake } = decide({ namespace, certificates: found, config: config.current() })
      if (put) await putCertificate(context, put)
      await Promise.all(
        remove.map((each) =>
          client.delete(Certificate, { name: each, namespace: name }).catch((error: unknown) => {
            if (!isStatus(error, "NotFound")) throw error
          }),
        ),
      )
      if (mistake !== undefined) throw new TerminalError(mistake)
      return done
    },
  })
}

function namespaceOf({ metadata }: Certificate): string[] {
  return metadata.labels?.[labels.wildcardDomain] === undefined ? [] : [metadata.namespace ?? ""]
}
