import { afterAll } from "vitest"

/**
 * Makes what each test takes anew while the tests before it run: to start a server or to elect a leader is mostly to wait.
 * What nobody has taken goes when the file ends.
 */
export function madeAhead<T extends AsyncDisposable>(count: number, make: () => Promise<T>): () => Promise<T> {
  const begin = (): Promise<T> => {
    const made = make()
    // Whoever takes it is told; one that is never taken has failed nobody.
    made.catch(() => {})
    return made
  }
  const waiting = Array.from({ length: count }, begin)
  afterAll(() =>
    Promise.all(
      waiting.map((made) =>
        made.then(
          (each) => each[Symbol.asyncDispose](),
          () => {},
        ),
      ),
    ).then(() => {}),
  )
  return () => {
    waiting.push(begin())
    return waiting.shift() ?? begin()
  }
}
