import fc from "fast-check"

// The check tries the same cases in each run, so that what is red tells of the change that was made. Another number as
// PROPERTY_SEED tries others; a property that fails prints the seed that it failed with.
fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 1) })
