import type { Informers } from "./informers.ts"

/**
 * One set of informers for several loops that begin and end each by itself: made for the first that asks, ended when the
 * last has disposed of what it was lent. Between times nothing is watched and nothing kept.
 */
export function lendInformers(make: () => Informers): () => Informers {
  let made: Informers | undefined
  let borrowers = 0
  return () => {
    borrowers++
    made ??= make()
    const shared = made
    let returned = false
    return Object.assign(((kind, options) => shared(kind, options)) as Informers, {
      [Symbol.asyncDispose]: async () => {
        if (returned) return
        returned = true
        borrowers--
        if (borrowers > 0) return
        made = undefined
        await shared[Symbol.asyncDispose]()
      },
    })
  }
}
