/**
 * The one control process of a single machine: core, controller and autoscaler joined through `fetch`, the node of this
 * machine, and the activators that it keeps alive. The composition root: it may import everything, nothing imports it but
 * the command line's `up` (by name) and end-to-end tests.
 */
export { type Platform, type PlatformOptions, startPlatform } from "./platform.ts"
