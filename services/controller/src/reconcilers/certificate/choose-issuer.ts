import { ownIssuer } from "../../authority/own-issuer.ts"
import type { Context } from "../context.ts"
import type { ChooseIssuer } from "./issuer.ts"

/** Every certificate is made by serving's own authority. */
export function issuers({ client, clock }: Pick<Context, "client" | "clock">): ChooseIssuer {
  const own = ownIssuer(client, clock)
  return () => own
}
