import { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { AcmeIssuer } from "../../acme/issuer.ts"
import { ownIssuer } from "../../authority/own-issuer.ts"
import type { Context } from "../context.ts"
import { isServed } from "./challenge-paths.ts"
import type { ChooseIssuer } from "./issuer.ts"

/**
 * Certificates of hosts that are reached from outside are made by the authority that operators name, if they do; all others
 * by serving's own.
 */
export function issuers({ client, clock, log, config, informers }: IssuersContext): ChooseIssuer {
  const own = ownIssuer(client, clock)
  const acme = new AcmeIssuer({
    client,
    clock,
    log,
    settings: () => {
      const { wick } = config.current()
      const [email, authorityPem] = [wick["acme-email"], wick["acme-ca-bundle"]]
      return { directory: wick["acme-directory"] ?? "", email, authorityPem }
    },
    isServed: (namespace, challenge) => isServed(informers(Ingress).list(namespace), challenge),
    certificates: () =>
      new Set(
        informers(Certificate)
          .list()
          .map(({ metadata }) => metadata.uid),
      ),
  })
  return ({ type }) => (type === "external-domain" && config.current().wick["acme-directory"] ? acme : own)
}

type IssuersContext = Pick<Context, "client" | "clock" | "log" | "config" | "informers">
