/** What tests of the whole platform may use of the controller's: an authority that speaks ACME. */
export { startPebble } from "./acme/testing/pebble.ts"
