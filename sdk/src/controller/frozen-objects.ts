/*
 * One process has each object once: the API server, every informer of it and all who look at those have the same one in their
 * hands. Whoever writes to it changes it for all others, and no version says so. Tests freeze what is shared, so that such a
 * write throws where it is made; elsewhere nothing is done, for to walk through every object is not free.
 */

let guard = (_object: object): void => {}

/** From now on, in this process, whatever informers keep can only be read. */
export function freezeWhatIsShared(): void {
  guard = freeze
}

/** Said of an object when it is first shared. */
export function asShared<Item extends object>(object: Item): Item {
  guard(object)
  return object
}

/** All of it: what is frozen already is so as a whole. */
function freeze(value: object): void {
  if (Object.isFrozen(value)) return
  Object.freeze(value)
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) freeze(part)
}
