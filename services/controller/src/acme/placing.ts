import type { OpenAccount } from "./account.ts"
import { AcmeOrder, OrderList } from "./messages.ts"

/** Of an account's orders as many are looked at, the youngest: the lost one was placed a moment before we ended. */
const lookedAtMax = 20

/** Places an order; answers where it is. */
export async function placeOrder(
  { conversation, signer }: OpenAccount,
  domains: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const { newOrder } = await conversation.directory(signal)
  const payload = { identifiers: domains.map((value) => ({ type: "dns", value })) }
  const { location } = await conversation.post({ url: newOrder, payload, signer }, AcmeOrder, signal)
  if (location === undefined) throw new Error(`${newOrder} does not say where the order is`)
  return location
}

/**
 * An order that was placed by somebody who ended before it was written down where it is. Authorities that list no orders
 * answer a second one for the same names with the first (Let's Encrypt), so it is not placed twice there either.
 */
export async function lostOrder(
  { conversation, signer, ordersUrl }: OpenAccount,
  domains: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  if (ordersUrl === undefined) return undefined
  const { body } = await conversation.post({ url: ordersUrl, signer }, OrderList, signal)
  for (const url of body.orders.slice(0, lookedAtMax)) {
    const { body: order } = await conversation.post({ url, signer }, AcmeOrder, signal)
    const isOpen = order.status === "pending" || order.status === "ready"
    if (isOpen && sameNames(order, domains)) return url
  }
  return undefined
}

function sameNames({ identifiers }: AcmeOrder, domains: readonly string[]): boolean {
  const names = identifiers.map(({ value }) => value).toSorted()
  return (
    names.join() ===
    domains
      .map((name) => name.toLowerCase())
      .toSorted()
      .join()
  )
}
