/** What is asked of a stranger's server, and how often. Public authorities count: see letsencrypt.org/docs/rate-limits. */

/** An authority that does not answer within this is away. */
export const answerMsMax = 10_000
/** Chains are a few kilobytes. */
export const answerBytesMax = 1 << 20
/** A nonce may be refused for no fault of ours (RFC 8555 §6.5); each refusal brings a new one. */
export const nonceTriesMax = 5
/** Steps of one order that need no waiting, within one look at it. */
export const stepsMax = 6
/** Orders under way at once; others wait for their turn. */
export const ordersOpenMax = 20
export const turnAgainMs = 5_000
/** An order that nobody asks for any more is not under way: what waits is asked for twice a minute. */
export const silentMsMax = 10 * 60_000
/** Orders begun within the window; others wait until the first of them has left it. Let's Encrypt refuses the 301st. */
export const newOrdersMax = 250
export const newOrdersWindowMs = 3 * 3_600_000
/** Names in one certificate that authorities take. */
export const domainsMax = 100
/** An order that is older is given up: authorities forget it after a week, and a renewal has nothing to do with the last one. */
export const orderMsMax = 24 * 3_600_000
/** Challenges are looked for among the Ingresses again after this. */
export const servedAgainMs = 250
/** The authority is asked how an order stands after this, or as it says. */
export const pollMsMin = 1_000
export const pollMsMax = 30_000
/** After an order has failed, doubled each time: within an hour five, as many failures of a name as Let's Encrypt takes. */
export const restMsMin = 2 * 60_000
export const restMsMax = 8 * 3_600_000
/** An authority that is away, or says that it has too much to do without saying for how long. */
export const awayAgainMs = 30_000
export const busyAgainMs = 3_600_000
/** What cannot work is told again after this. */
export const impossibleAgainMs = 3_600_000

/** How long an order rests after so many failures. */
export function restMs(failures: number): number {
  return Math.min(restMsMin * 2 ** Math.max(failures - 1, 0), restMsMax)
}
