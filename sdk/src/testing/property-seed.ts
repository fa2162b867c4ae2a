import fc from "fast-check"

/**
 * The check tries the same cases in each run, so that what is red tells of the change that was made. Another number as
 * PROPERTY_SEED tries others.
 */
export const propertySeed = Number(process.env.PROPERTY_SEED ?? 1)

/** More than one test takes. */
const seedsPerRun = 1_000

/** Seeds of worlds that only a run with this PROPERTY_SEED looks at. */
export function ownSeeds(count: number): number[] {
  return Array.from({ length: count }, (_, at) => propertySeed * seedsPerRun + at)
}

// A property that fails prints the seed that it failed with.
fc.configureGlobal({ seed: propertySeed })
