// How Node runs the platform, for all who start it; bootstrap does so on a Node that reads no TypeScript.

/**
 * Some room for young objects, and one arena of malloc's instead of one per thread: the platform is mostly idle, and the
 * machine's memory is for functions. Under a thousand writes a second whatever lives for a while is garbage of the old
 * generation; it is collected when that has doubled, not each time that it has grown by a third, and one thread marks it
 * beside us: as many as V8 would take leave no core to whoever reads meanwhile. The experiment is Node's FFI, by which malloc is
 * told to give back what is free.
 */
export const smallHeap = {
  flags: [
    "--max-semi-space-size=16",
    "--heap-growing-percent=100",
    "--concurrent-marking-max-worker-num=1",
    "--disable-warning=ExperimentalWarning",
  ],
  env: { MALLOC_ARENA_MAX: "1" },
}
