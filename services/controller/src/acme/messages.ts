import * as z from "zod"

/** What of an authority's answers is read (RFC 8555 §7.1). Whatever else is in them is passed over. */
export const Directory = z.object({ newNonce: z.url(), newAccount: z.url(), newOrder: z.url() })
export type Directory = z.output<typeof Directory>

const Subproblem = z.object({ detail: z.string().optional(), identifier: z.object({ value: z.string() }).optional() })

/** RFC 7807, §6.7. */
export const Problem = z.object({
  type: z.string().default("about:blank"),
  detail: z.string().optional(),
  subproblems: z.array(Subproblem).optional(),
})
export type Problem = z.output<typeof Problem>

export const Account = z.object({ status: z.string(), orders: z.url().optional() })

export const OrderList = z.object({ orders: z.array(z.url()) })

export const AcmeOrder = z.object({
  status: z.string(),
  identifiers: z.array(z.object({ type: z.string(), value: z.string() })),
  authorizations: z.array(z.url()),
  finalize: z.url(),
  certificate: z.url().optional(),
  error: Problem.optional(),
})
export type AcmeOrder = z.output<typeof AcmeOrder>

/** An answer of which nothing is read. */
export const Anything = z.unknown()

const AcmeChallenge = z.object({
  type: z.string(),
  url: z.url(),
  status: z.string(),
  token: z.string().optional(),
  error: Problem.optional(),
})

export const Authorization = z.object({
  status: z.string(),
  identifier: z.object({ type: z.string(), value: z.string() }),
  challenges: z.array(AcmeChallenge),
})
export type Authorization = z.output<typeof Authorization>

/** What is wrong, in the authority's words. */
export function told({ type, detail, subproblems = [] }: Problem): string {
  const parts = subproblems.map((one) => `${one.identifier?.value ?? "?"}: ${one.detail ?? "refused"}`)
  return [detail ?? type, ...parts].join("; ")
}
