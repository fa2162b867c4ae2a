/** Time and chance as values. Anyone may import this; only a `main.ts` and tests make the system ones. */
export type { Clock, Random, Timer } from "./clock.ts"
export { systemClock, systemRandom } from "./clock.ts"
export { seededRandom } from "./seeded-random.ts"
export { SimulatedClock } from "./simulated-clock.ts"
